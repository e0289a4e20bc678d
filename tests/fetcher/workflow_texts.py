"""Workflows as people write them."""

from collections.abc import Mapping

from fetcher.mapping.workflow_file import parse_workflow
from fetcher.mapping.workflow_graph import Workflow

LINEAR = """
on: push
jobs:
  dev: {environment: dev}
  staging: {environment: staging, needs: dev}
  production: {environment: production, needs: staging}
"""
JOBS_BETWEEN = """
on: push
jobs:
  build: {}
  dev: {environment: dev, needs: build}
  smoke: {needs: [dev]}
  staging: {environment: staging, needs: [build, smoke]}
  load: {needs: staging}
  security: {needs: staging}
  approve: {needs: [load, security], environment: {name: gates, deployment: false}}
  production: {environment: production, needs: approve}
"""
DIAMOND = """
on: push
jobs:
  staging: {environment: staging}
  eu: {environment: prod-eu, needs: staging}
  us: {environment: prod-us, needs: staging}
  done: {environment: status, needs: [eu, us]}
"""
MATRIX = """
on: push
jobs:
  staging:
    name: Stage
    strategy: {matrix: {region: [eu, us]}}
    environment: staging
  test:
    needs: staging
    strategy: {matrix: {region: [eu, us]}}
  production:
    name: Deploy ${{ matrix.region }}
    needs: test
    strategy: {matrix: {region: [eu, us]}}
    environment: production
  announce: {needs: production, environment: news}
"""
MATRIX_WITH_ENVIRONMENT = """
on: push
jobs:
  canary:
    strategy: {matrix: {environment: [canary], app: [web, api]}}
    environment: ${{ matrix.environment }}
  deploy:
    needs: canary
    strategy: {matrix: {environment: [prod], app: [web, api]}}
    environment: ${{ matrix.environment }}
"""
ONE_NAME = """
on: push
jobs:
  a: {name: Deploy, environment: staging}
  b: {name: Deploy, environment: production, needs: a}
"""
EXPRESSIONS = """
on: push
jobs:
  first:
    name: "${{ github.ref_name }}: deploy to ${{ vars.FIRST }}"
    environment: ${{ vars.FIRST }}
  second:
    name: "deploy #${{ github.run_number }} to production"
    environment: production
    needs: first
"""
ANCHORS = """
on: push
jobs:
  staging: &deploy
    environment: staging
    needs: &needs []
  production:
    environment: production
    needs: [staging]
  mirror: *deploy
"""
CALLING = """
on: push
jobs:
  build: {}
  staging:
    needs: build
    uses: ./.github/workflows/deploy.yml
  check: {needs: staging}
  production:
    name: Production
    needs: check
    uses: ./.github/workflows/deploy.yml
"""
CALLED = """
on: workflow_call
jobs:
  prepare: {}
  database: {name: Database, needs: prepare, environment: "${{ inputs.environment }}-db"}
  app: {needs: database, environment: "${{ inputs.environment }}"}
  report: {needs: app}
"""
CALLING_WITH_MATRIX = """
on: push
jobs:
  staging:
    strategy: {matrix: {region: [eu, us]}}
    uses: ./.github/workflows/one.yml
  production:
    needs: staging
    strategy: {matrix: {region: [eu, us]}}
    uses: ./.github/workflows/one.yml
"""
ONE = """
on: workflow_call
jobs:
  deploy: {environment: "${{ inputs.environment }}"}
"""
FILES = {"./.github/workflows/deploy.yml": CALLED, "./.github/workflows/one.yml": ONE}


def workflow(text: str, files: Mapping[str, str] = FILES) -> Workflow:
    jobs = parse_workflow(text)
    assert jobs
    calls = {job.id: files[job.uses] for job in jobs if job.uses and job.uses in files}
    return Workflow(jobs, {name: workflow(called, files) for name, called in calls.items()})

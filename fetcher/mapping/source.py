"""What made a deployment: the facts that names and rules go by. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from fetcher.event import Event
from fetcher.github.answers import Job, Run
from fetcher.mapping.naming import file_name, stem
from fetcher.mapping.services import Place, Sight
from fetcher.mapping.units import is_one_of_several, leg_of, taken_apart, unit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The run and its job; neither is known of a third party's deployment.

    Attributes:
        repository: `owner/name`.
        jobs: All jobs of the run that are listed so far.
    """

    repository: str
    run: Run | None = None
    job: Job | None = None
    jobs: tuple[Job, ...] = ()

    def sight(self, event: Event, environment: str) -> Sight | None:
        """The deployment as one that needs a service; None if only the repository is known.

        Args:
            event: With the environment that GitHub gave it.
            environment: The one in which it is reported.
        """
        if self.run is None:
            return None
        unit = unit_of(self.run, self.job, event.environment)
        several = self.job is not None and is_one_of_several(
            self.run, self.job, self.jobs, event.environment
        )
        return Sight(
            deployment_id=event.deployment_id,
            place=Place(unit, environment),
            one_of_several=several,
        )

    @property
    def workflow(self) -> str:
        """The workflow's file, `deploy.yml`."""
        return file_name(self.run.path) if self.run else ""

    def words(self, event: Event) -> Mapping[str, str]:
        """What the templates of rules may mention, by name; "" is not known."""
        run, job = self.run, self.job
        return {
            "owner": self.repository.partition("/")[0],
            "repository": self.repository.partition("/")[2],
            "workflow": stem(self.workflow),
            "job": taken_apart(job.name)[0] if job else "",
            "leg": leg_of(job, run, event.environment) if job and run else "",
            "environment": event.environment,
            "version": event.version or "",
            "ref": event.ref or "",
            "sha": event.sha or "",
            "run_number": "" if event.run_number is None else str(event.run_number),
        }

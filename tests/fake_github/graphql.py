"""GitHub's GraphQL API, as far as deployments go: its schema, what a query costs, its errors.

Names and rules: https://docs.github.com/en/graphql. Errors come with status 200 beside the data
that could be had; GitHub's `type` of an error stands beside its message, not in its extensions.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.fake_github.accounts import Token
from tests.fake_github.graphql_answers import Answers
from tests.fake_github.replies import RefusedError, Reply
from tests.fake_github.state import FakeGitHub

SCHEMA = build_schema("""
    scalar DateTime
    scalar DatabaseId # Int in GitHub's schema, but its ids have outgrown 32 bits
    scalar GitObjectID
    scalar URI

    type Query {
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
      rateLimit(dryRun: Boolean): RateLimit
      repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
      viewer: User!
    }
    type RateLimit {
      cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int!
    }
    interface Node { id: ID! }
    interface Actor { login: String! }
    type User implements Node & Actor { id: ID! login: String! }
    type Repository implements Node {
      databaseId: DatabaseId id: ID! isArchived: Boolean! isPrivate: Boolean! name: String!
      nameWithOwner: String!
      deployments(
        first: Int last: Int after: String environments: [String!]
        orderBy: DeploymentOrder = {field: CREATED_AT, direction: ASC}
      ): DeploymentConnection!
    }
    input DeploymentOrder { direction: OrderDirection! field: DeploymentOrderField! }
    enum DeploymentOrderField { CREATED_AT }
    enum OrderDirection { ASC DESC }
    type PageInfo { endCursor: String hasNextPage: Boolean! }
    type DeploymentConnection { nodes: [Deployment] pageInfo: PageInfo! totalCount: Int! }
    type Deployment implements Node {
      commitOid: String! createdAt: DateTime! creator: Actor! databaseId: DatabaseId
      description: String environment: String id: ID! latestEnvironment: String
      latestStatus: DeploymentStatus originalEnvironment: String payload: String ref: Ref
      repository: Repository! state: DeploymentState
      statuses(first: Int last: Int after: String): DeploymentStatusConnection
      task: String updatedAt: DateTime!
    }
    type Ref { name: String! prefix: String! }
    enum DeploymentState {
      ABANDONED ACTIVE DESTROYED ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING
    }
    type DeploymentStatusConnection {
      nodes: [DeploymentStatus] pageInfo: PageInfo! totalCount: Int!
    }
    type DeploymentStatus implements Node {
      createdAt: DateTime! creator: Actor! description: String environment: String
      environmentUrl: URI id: ID! logUrl: URI state: DeploymentStatusState! updatedAt: DateTime!
    }
    enum DeploymentStatusState {
      ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING
    }
""")
MOST_IN_A_PAGE = 100


def answer_query(fake: FakeGitHub, body: Any, token: Token) -> Reply:
    """The answer to a POST of {query, variables}."""
    if not fake.has_graphql:
        raise RefusedError(404, "Not Found")
    if not token.text:
        raise RefusedError(401, "This endpoint requires you to be authenticated.")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise RefusedError(400, "A query attribute must be specified and must be a string.")
    variables = body.get("variables") or {}
    try:
        document = parse(body["query"])
    except GraphQLSyntaxError as error:
        return Reply(200, {"errors": [described(error)]})
    if errors := validate(SCHEMA, document) or unbounded(document):
        return Reply(200, {"errors": [described(error) for error in errors]})
    connections, nodes = size(document, variables)
    cost = max(1, round(connections / 100))
    if fake.rate_limited and not token.account.graphql_rate.charge(fake.now(), cost):
        message = "API rate limit exceeded for user ID 1."
        return Reply(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})
    root = Answers(fake, token, cost=cost, node_count=nodes).root()
    result = execute_sync(SCHEMA, document, root, variable_values=variables)
    assert isinstance(result, ExecutionResult)
    whole: dict[str, Any] = {"data": result.data}
    if result.errors:
        whole["errors"] = [described(error) for error in result.errors]
    return Reply(200, whole)


def described(error: GraphQLError) -> dict[str, Any]:
    """An error as GitHub writes it."""
    document: dict[str, Any] = dict(error.formatted)
    extensions = dict(document.pop("extensions", {}))
    kind = extensions.pop("type", None)
    return ({"type": kind} if kind else {}) | document | extensions


def connections_in(document: DocumentNode) -> list[FieldNode]:
    """The fields that are paged through, wherever they stand."""
    found: list[FieldNode] = []

    def visit(selections: SelectionSetNode | None) -> None:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode) and selection.name.value in CONNECTIONS:
                found.append(selection)
            if not isinstance(selection, FragmentSpreadNode):
                visit(getattr(selection, "selection_set", None))

    for definition in document.definitions:
        visit(getattr(definition, "selection_set", None))
    return found


CONNECTIONS = frozenset({"deployments", "statuses"})


def unbounded(document: DocumentNode) -> list[GraphQLError]:
    """A complaint for every connection without a bound, or with one beyond a page."""
    complaints = []
    for connection in connections_in(document):
        bound, name = bound_of(connection, {}), connection.name.value
        if bound is None:
            message = f"You must provide a `first` or `last` value to properly paginate `{name}`."
            kind = {"type": "MISSING_PAGINATION_BOUNDARIES"}
            complaints.append(GraphQLError(message, connection, extensions=kind))
        elif bound > MOST_IN_A_PAGE:
            message = f"Requesting {bound} records on `{name}` exceeds the `first` limit of 100."
            kind = {"type": "EXCESSIVE_PAGINATION"}
            complaints.append(GraphQLError(message, connection, extensions=kind))
    return complaints


def bound_of(connection: FieldNode, variables: Mapping[str, Any]) -> int | None:
    """How many entries are asked for; a variable that is not known counts as one."""
    for argument in connection.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return int(variables.get(argument.value.name.value, 1))
    return None


def size(document: DocumentNode, variables: Mapping[str, Any]) -> tuple[int, int]:
    """How many requests a query stands for, and how many nodes, if every page were full.

    A query costs a hundredth of the requests, at least 1: each connection is one request for
    every node that it hangs on.
    """
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }

    def weigh(selections: SelectionSetNode | None, times: int) -> tuple[int, int]:
        requests = nodes = 0
        for selection in selections.selections if selections else ():
            inner, repeated = None, times
            if isinstance(selection, FragmentSpreadNode):
                inner = fragments[selection.name.value]
            elif isinstance(selection, FieldNode | InlineFragmentNode):
                inner = selection.selection_set
            if isinstance(selection, FieldNode) and selection.name.value in CONNECTIONS:
                requests += times
                repeated = times * (bound_of(selection, variables) or 1)
                nodes += repeated
            below = weigh(inner, repeated)
            requests, nodes = requests + below[0], nodes + below[1]
        return requests, nodes

    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    sizes = [weigh(operation.selection_set, 1) for operation in operations]
    return sum(requests for requests, _ in sizes), sum(nodes for _, nodes in sizes)

"""The services of events: by the names given before, and those given now."""

from dataclasses import replace

from sqlalchemy import Connection

from fetcher import observations, outbox
from fetcher.event import Event
from fetcher.mapping.services import name_places
from fetcher.observations import Known
from fetcher.poll.findings import Findings


def with_services(connection: Connection, known: Known, findings: Findings) -> list[Event]:
    """The events of one pass, each with its service; new names are kept, in this transaction.

    A deployment keeps the service under which it was told, whatever was learned of it since; also
    after the state was lost, when the outbox is filled with what the receiver holds.
    """
    told = outbox.services(connection, {event.deployment_id for event in findings.events})
    left = findings.doubtful - told.keys()
    events = [event for event in findings.events if event.deployment_id not in left]
    seen = [
        replace(sight, told=told.get(sight.deployment_id))
        for sight in findings.sights
        if sight.deployment_id not in left
    ]
    given = observations.services(connection, known.name)
    services = name_places(known.service, given, seen)
    observations.keep_services(
        connection, known.name, {place: services[place] for place in services.keys() - given.keys()}
    )
    named = {sight.deployment_id: services[sight.place] for sight in seen} | told
    return [
        replace(event, service=named.get(event.deployment_id, event.service)) for event in events
    ]

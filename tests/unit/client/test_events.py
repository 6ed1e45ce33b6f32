"""The live stream as the clients read it."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event
from typing import Any

import httpx
import pytest

from sightline_client import Client, Refused, Result, UnexpectedAnswer, Unreachable
from sightline_client.events import MAX_EVENT_BYTES, StreamReader
from tests.browser.gateway import GatewayUnderTest, png
from tests.unit.client.conftest import FailingProxy
from tests.unit.gateway.fakes import TOPIC

BEGINNING = f"@{TOPIC}"


def _event(position: str, label: str) -> bytes:
    document = (
        '{"schema":"sightline.result/1","id":"1","status":"classified","model":{"name":"m","version":"1"},'
        f'"predictions":[{{"index":0,"label":"{label}","probability":1.0}}],"stream":null,"name":null,"source":"tcp",'
        '"accepted_at":1,"classified_at":2,"timing_ms":{"queue":0,"decode":0,"inference":0},"error":null}'
    )
    return f"id: {position}\nevent: result\ndata: {document}\n\n".encode()


def test_results_come_in_order_and_a_position_continues_behind_its_event(gateway: GatewayUnderTest) -> None:
    with Client(gateway.url) as client:
        sent = [client.classify(png()) for _ in range(3)]
        events = list(islice(client.iter_events(after=BEGINNING), 3))
        assert [event.result for event in events] == sent
        assert next(client.iter_events(after=events[1].position)).result == sent[2]


def test_a_gateway_that_restarts_costs_no_result(gateway: GatewayUnderTest) -> None:
    with Client(gateway.url) as reader, Client(gateway.url) as sender:
        events = reader.iter_events(after=BEGINNING)
        before = sender.classify(png())
        assert next(events).result == before
        gateway.stop()
        gateway.start()
        after = sender.classify(png())
        assert next(events).result == after


def test_without_a_position_it_begins_now(gateway: GatewayUnderTest) -> None:
    new, over = list[str](), Event()

    def send() -> None:
        """Until the stream is open: what came before that is not for it."""
        with Client(gateway.url) as sender:
            while not over.wait(0.1):
                new.append(sender.upload(png()).id)

    with Client(gateway.url) as client, ThreadPoolExecutor(1) as aside:
        client.classify(png())
        sending = aside.submit(send)
        try:
            first = next(client.iter_results())
        finally:
            over.set()
        sending.result()
        assert first.id in new


def test_a_reader_gets_only_what_it_wants(gateway: GatewayUnderTest) -> None:
    with Client(gateway.url) as client:
        failed = client.classify(png(), model="unknown", stream="door")
        other = client.classify(png(), stream="yard")
        last = client.classify(png(), stream="door")
        assert last.best is not None

        def first(**wanted: Any) -> Result:
            return next(client.iter_events(after=BEGINNING, **wanted)).result

        assert first() == failed
        assert first(status="classified") == other
        assert first(status="classified", stream="door") == last
        assert first(model="digits-lenet", stream="door", label=last.best.label) == last


def test_a_position_that_is_none_is_refused(gateway: GatewayUnderTest) -> None:
    with Client(gateway.url) as client, pytest.raises(Refused, match="Last-Event-ID"):
        next(client.iter_events(after="yesterday"))


def test_a_gateway_that_stays_away_ends_it(gateway: GatewayUnderTest) -> None:
    with Client(gateway.url, retries=1) as client:
        events = client.iter_events(after=BEGINNING)
        client.classify(png())
        next(events)
        gateway.stop()
        with pytest.raises(Unreachable):
            next(events)


def test_a_page_is_no_stream(proxy: FailingProxy) -> None:
    with Client(proxy.url) as client, pytest.raises(UnexpectedAnswer, match="no stream of events"):
        next(client.iter_events())


def test_events_are_found_wherever_the_chunks_are_cut() -> None:
    stream = b"retry: 2000\nid: @t\n\n: heartbeat\n\n" + _event("0:0@t", "cup") + _event("0:1@t", "a\u2028b")
    for size in (1, 7, len(stream)):
        reader = StreamReader(None, retries=0)
        chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
        events = [event for chunk in chunks for event in reader.feed(chunk)]
        assert [event.position for event in events] == ["0:0@t", "0:1@t"]
        assert [event.result.predictions[0].label for event in events] == ["cup", "a\u2028b"]
        assert reader.headers()[b"Last-Event-ID"] == b"0:1@t"


def test_a_place_is_known_before_the_first_result_and_half_an_event_is_forgotten() -> None:
    reader = StreamReader(None, retries=0)
    assert b"Last-Event-ID" not in reader.headers()
    assert list(reader.feed(b"id: 0:6@t\n\n" + _event("0:7@t", "cup")[:2])) == []
    assert reader.headers()[b"Last-Event-ID"] == b"0:6@t"
    assert [event.position for event in reader.feed(_event("0:7@t", "cup"))] == ["0:7@t"]


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    reader = StreamReader(None, retries=0)
    with pytest.raises(UnexpectedAnswer, match="more than"):
        list(reader.feed(b"x" * (MAX_EVENT_BYTES + 1)))


def test_failures_count_in_a_row_only() -> None:
    reader, cut = StreamReader(None, retries=1), httpx.ReadError("cut")
    reader.pause(cut)
    list(reader.feed(b": heartbeat\n\n"))
    reader.pause(cut)
    with pytest.raises(Unreachable, match="cut"):
        reader.pause(cut)

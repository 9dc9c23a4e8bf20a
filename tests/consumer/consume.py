#!/usr/bin/env python3
"""Reads furlong's topics as a stranger would: with the brokers' and the registry's addresses alone.

Prints one JSON line a record: topic, partition, offset, the schema's id on the wire, its name and
the decoded value. Bytes become hex; everything else is as the schema says. Nothing of furlong is
used: the schema of a record is asked of the registry by the id that the record begins with.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python consume.py --brokers localhost:9092 --registry http://localhost:8081 --topics '^bets[.]events$'

Ends when it has read every partition up to where it ended at the start. Exit codes: 0 all records
were read and printed, 1 one could not be decoded (it is named), 4 brokers or registry cannot be read.
"""

import argparse
import base64
import datetime
import decimal
import io
import json
import re
import struct
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

import confluent_kafka
import fastavro

# After so long without an answer, in seconds.
PATIENCE = 20


class Registry:
    """Schemas by their ids, each asked for once."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.base = urllib.parse.urlunsplit(parts._replace(netloc=host)).rstrip("/")
        self.headers = {"Accept": "application/vnd.schemaregistry.v1+json"}
        if parts.username is not None:
            word = urllib.parse.unquote(parts.username) + ":" + urllib.parse.unquote(parts.password or "")
            self.headers["Authorization"] = "Basic " + base64.b64encode(word.encode()).decode()
        self.known = {}

        self.versions = {}

    def ask(self, path):
        request = urllib.request.Request(self.base + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def schema(self, number):
        if number not in self.known:
            text = self.ask(f"/schemas/ids/{number}")["schema"]
            self.known[number] = fastavro.parse_schema(json.loads(text))
        return self.known[number]

    def version(self, number, topic):
        """Which version of the topic's schema has that id: 1 is the first that was published."""
        if (number, topic) not in self.versions:
            entries = self.ask(f"/schemas/ids/{number}/versions")
            found = [entry["version"] for entry in entries if entry["subject"] == f"{topic}-value"]
            if len(found) != 1:
                raise ValueError(f"schema {number} has {len(found)} versions under {topic}-value")
            self.versions[number, topic] = found[0]
        return self.versions[number, topic]


def decode(registry, record):
    """The schema's id, its name, and the value; all bytes must be used."""
    if len(record) < 5 or record[0] != 0:
        raise ValueError("the record is not framed")
    (number,) = struct.unpack(">I", record[1:5])
    schema = registry.schema(number)
    stream = io.BytesIO(record[5:])
    value = fastavro.schemaless_reader(stream, schema, return_record_name=True)
    rest = stream.read()
    if rest:
        raise ValueError(f"{len(rest)} bytes follow the last value")
    return number, schema.get("name"), value


def plain(value):
    """What JSON has no word for."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def partitions(consumer, pattern):
    """Every partition of the topics whose names match, with its end."""
    found = []
    for name, topic in sorted(consumer.list_topics(timeout=PATIENCE).topics.items()):
        if not pattern.search(name):
            continue
        for number in sorted(topic.partitions):
            place = confluent_kafka.TopicPartition(name, number)
            first, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
            place.offset = first
            found.append((place, end))
    return found


def read(consumer, places):
    """Every record below the ends, partition by partition."""
    for place, end in places:
        consumer.assign([place])
        while True:
            (now,) = consumer.position([place])
            if max(now.offset, place.offset) >= end:
                break
            message = consumer.poll(PATIENCE)
            if message is None:
                raise confluent_kafka.KafkaException(f"{place.topic}/{place.partition} does not answer")
            if message.error():
                if message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    break
                raise confluent_kafka.KafkaException(message.error())
            yield message


def arguments(text):
    """The two addresses, and which topics."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, help="host:port,…")
    parser.add_argument("--registry", required=True, help="base of its Confluent-compatible API")
    parser.add_argument("--topics", default=r"[.](events|commands)$", help="a regular expression for their names")
    return parser.parse_args()


def each(given, take):
    """Hands every record to take(registry, message, schema id, its name, value). Returns the exit code."""
    registry = Registry(given.registry)
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": given.brokers,
        "group.id": "furlong-stranger",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        # What matters comes back as an error.
        "log_level": 0,
    })
    failed = 0
    try:
        for message in read(consumer, partitions(consumer, re.compile(given.topics))):
            place = f"{message.topic()}/{message.partition()}@{message.offset()}"
            try:
                take(registry, message, *decode(registry, message.value() or b""))
            except (urllib.error.URLError, TimeoutError, ConnectionResetError) as error:
                if isinstance(error, urllib.error.HTTPError) and error.code == 404:
                    failed += 1
                    print(f"error: {place}: the registry does not know the record's schema id", file=sys.stderr)
                    continue
                print(f"error: {registry.base}: {error}", file=sys.stderr)
                return 4
            except BrokenPipeError:
                return 1
            # Bytes of others may fail in any way at all; each is told and counted.
            except Exception as error:
                failed += 1
                print(f"error: {place}: {type(error).__name__}: {error}", file=sys.stderr)
    except confluent_kafka.KafkaException as error:
        print(f"error: {given.brokers}: {error}", file=sys.stderr)
        return 4
    finally:
        consumer.close()
    return 1 if failed else 0


def show(_registry, message, number, name, value):
    place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
    print(json.dumps({**place, "schema_id": number, "schema": name, "value": value}, default=plain))


if __name__ == "__main__":
    sys.exit(each(arguments(__doc__), show))

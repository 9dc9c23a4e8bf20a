#!/usr/bin/env python3
"""Works out the heads of furlong's journals as a stranger would: from Kafka and the registry alone.

Prints one JSON line a partition: epoch, sequence number and head after the last record that counts,
and how many records do not count. Which do, and what is hashed, is written down in docs/schemas.md
and docs/adr/0001-log-protocol.md; nothing of furlong is used. Exit codes as of consume.py.
"""

import hashlib
import json
import sys

import consume

# The number that furlong itself gave to each version of a schema: part of what is hashed, the same
# everywhere. The table stands in docs/schemas.md.
CANONICAL = {
    ("furlong.AuthEvents", 1): 1,
    ("furlong.AuthEvents", 2): 17,
    ("furlong.AuthEvents", 3): 23,
    ("furlong.AuthEvents", 4): 31,
    ("furlong.OddsEvents", 1): 3,
    ("furlong.OddsEvents", 2): 13,
    ("furlong.OddsEvents", 3): 21,
    ("furlong.OddsEvents", 4): 39,
    ("furlong.BetsEvents", 1): 5,
    ("furlong.BetsEvents", 2): 15,
    ("furlong.BetsEvents", 3): 19,
    ("furlong.LedgerEvents", 1): 7,
    ("furlong.LedgerEvents", 2): 25,
    ("furlong.LedgerEvents", 3): 33,
    ("furlong.PaymentsEvents", 1): 9,
    ("furlong.PaymentsEvents", 2): 27,
    ("furlong.PaymentsEvents", 3): 35,
    ("furlong.FraudEvents", 1): 11,
}


class Partition:
    """The fold over one partition of a journal."""

    def __init__(self):
        self.epoch, self.claim, self.seq, self.head, self.passed_over = 0, None, 0, bytes(32), 0

    def take(self, canonical_id, header, record):
        if self.counts(header):
            canonical = b"\0" + canonical_id.to_bytes(4, "big") + record[5:]
            self.head = hashlib.sha256(self.head + canonical).digest()
        else:
            self.passed_over += 1

    def counts(self, header):
        if header["kind"] == "Claim":
            if header["epoch"] <= self.epoch:
                return False
            self.epoch, self.claim = header["epoch"], header["claim_id"]
            return True
        if header["epoch"] > self.epoch or header["confirmed"] > self.seq:
            raise ValueError("the log has lost something: this record rests on what is not there")
        mine = (self.epoch, self.claim, self.seq + 1, self.head)
        if (header["epoch"], header["claim_id"], header["seq"], header["prev"]) != mine:
            return False
        self.seq += 1
        return True


def main():
    given = consume.arguments(__doc__)
    found = {}

    def take(registry, message, number, name, value):
        if name.endswith("Events"):
            place = (message.topic(), message.partition())
            canonical_id = CANONICAL[name, registry.version(number, message.topic())]
            found.setdefault(place, Partition()).take(canonical_id, value, message.value())

    code = consume.each(given, take)
    for (topic, number), partition in sorted(found.items()):
        print(json.dumps({
            "topic": topic,
            "partition": number,
            "epoch": partition.epoch,
            "seq": partition.seq,
            "head": partition.head.hex(),
            "passed_over": partition.passed_over,
        }))
    return code


if __name__ == "__main__":
    sys.exit(main())

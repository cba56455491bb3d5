#!/usr/bin/env python3
"""A slow, obvious connection tracker, and lib/ct on the same random packets: they must agree.

  tracker.py PROGRAM [-n PACKETS] [-s SEED]... [-k KIND]...     PROGRAM is tests/model/ct-lines

The model keeps a plain list of connections by zone and looks at each of them for every packet.  It reads RFC 9293 for TCP, RFC 792
and RFC 4443 for ICMP, RFC 9260 for SCTP, RFC 3022 and RFC 5508 for translation, RFC 959, 2428 and 1350 for helpers, RFC 5722 for
fragments, and the tracker's reference for what these leave open (states, timeouts).

Sequence numbers: the model knows "where it belongs" (within half a window) and "far out" (beyond the largest scaled window and a segment); the
where numbers are neither, it follows the tracker: the width of windows is not tested here (tests/unit/test-ct-tcp.c does).  Ports that translation
chooses are the tracker's choice: the model checks that it was allowed, and necessary.

Where no document says who is right, the model follows what the tracker says:
- segments of a connection one end of which was reset before it had said anything (RFC 9293 section 3.10.7: its numbers are nobody's);
- data to an end that has sent a SYN or was reset, and acknowledged nothing: its window is not known;
- a connection whose answers would be another, translated one's is not remembered, and its packets go on as +new.
Each packet that leaves is compared byte by byte, checksums included, with the packet that the model would have made."""
import argparse
import ipaddress
import subprocess
import sys

from model import Model, original
from packets import TCP, ends_of, payload_of, turned
from traffic import KINDS, World


def nat_text(nat):
    if not nat or nat == "n":
        return nat or "-"
    kind, low, high, first, last = nat
    return f"{kind}{low.packed.hex()},{high.packed.hex()},{first},{last}"


def seen_of(mark, label, proto, src, dst, sport, dport):
    addresses = [ipaddress.ip_address(bytes.fromhex(a)) for a in (src, dst)]
    return int(mark, 16), int(label, 16), (int(proto), *addresses, int(sport), int(dport))


def check(world, model, sent, answer):
    state, fate, why, *seen, frame = answer.split()
    p, nat = sent.p, sent.nat
    if sent.fragment:
        offset, data, more = sent.fragment
        if not model.fragment(world.now, sent.zone, p, offset, len(data), more):
            assert state == "held", f"the tracker says {state}, and the datagram is not whole"
            return
    before = list(model.connections)
    want, c, direction, related = model.packet(world.now, sent.zone, sent.commit, p, state, seen_of(*seen), sent.alg, sent.marks)
    assert state == want, f"the tracker says {state} ({why}), the model {want}"
    frame = bytes.fromhex(frame)
    if p.quote:
        assert not c or seen_of(*seen) == c.seen(), f"the packet has {seen_of(*seen)}, should have {c.seen()}"
        want = model.error_becomes(p, c, direction) if c and nat else p.frame()
        assert frame == want, f"the error became {frame.hex()}, should be {want.hex()}"
        return
    new = c is not None and c not in before
    if fate == "drop":
        model.connections.remove(c)
        assert new and nat and nat != "n", "dropped without need"
        assert model.exhausted(c, nat), "dropped, and there were tuples left"
        return
    ends = settle(model, c, direction, new, p, nat, ends_of(frame, p.proto))
    if state != "inv":
        check_seen(model, c, p, related, seen_of(*seen))
    out = p.moved(ends)
    if c in model.connections and state != "inv":
        if new and c.related in model.expected:
            model.take(c.related, world.now)
        if nat or not c.is_translated():
            out = model.help(c, direction, p, out, payload_of(frame) if p.proto == TCP else b"", world.now)
    assert frame == out.frame(), f"became {ends_of(frame, p.proto)}, {frame.hex()}, should be {ends}, {out.frame().hex()}"
    world.passed(sent, out)


def check_seen(model, c, p, related, seen):
    """Mark, label and original tuple on the packet."""
    if c in model.connections:
        want = c.seen()
    elif related:
        want = related.master.mark, related.master.label, related.master.original()
    else:
        want = 0, 0, original(p.proto, p.type, p.ends())
    assert seen == want, f"the packet has {seen}, should have {want}"


def settle(model, c, direction, new, p, nat, got):
    """A new connection becomes what the tracker has chosen for it, if that was allowed.  The ends that the packet is to have now."""
    if new and not (nat and nat != "n") and not moves(c, nat):
        if model.answers_are_anothers(c):
            model.connections.remove(c)  # It stays new, and is not remembered.
        return p.ends()
    if not c or not nat:
        return p.ends()
    if new:
        if moves(c, nat):
            model.check_related(c, got)
        else:
            model.check_choice(c, nat, got)
        c.reply = turned(got)
    return turned(c.orig) if direction else turned(c.reply)


def moves(c, nat):
    """Was it announced to be somewhere else?"""
    return nat and c.related and c.related.to != (c.orig[0], c.orig[2], c.orig[3])


def run(program, seed, n, kinds):
    world, model = World(seed, kinds), Model()
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    log = []
    for i in range(n):
        sent = world.next(model)
        p = sent.p
        mark, mask, label, label_mask = sent.marks
        child.stdin.write(f"{world.now} {sent.zone} {sent.commit} {nat_text(sent.nat)} {sent.alg} {mark:x}/{mask:x} {label:032x}/{label_mask:032x}"
                          f" {sent.frame().hex()}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        log = log[-60:] + [(world.now, sent, answer)]
        try:
            check(world, model, sent, answer)
        except (AssertionError, ValueError) as e:
            print(*[line(*entry) for entry in log], sep="\n", file=sys.stderr)
            print(*[f"has {c}" for c in model.connections if c.zone == sent.zone and c.proto == p.proto], sep="\n", file=sys.stderr)
            print(f"seed {seed}, packet {i}: {e}", file=sys.stderr)
            child.kill()
            return False
    child.stdin.close()
    return child.wait() == 0


def line(now, sent, answer):
    p = sent.p
    what = [f"{c.kind}/{c.flags}/{c.tag}" for c in p.chunks] if p.chunks else p.data[:30]
    return (f"{now} zone={sent.zone} commit={sent.commit} nat={nat_text(sent.nat)} proto={p.proto} {p.src}:{p.sport}>{p.dst}:{p.dport} type={p.type}"
            f" flags={p.flags:#x} seq={p.seq} ack={p.ack} tag={p.tag} {what} {sent.fragment and (sent.fragment[0], len(sent.fragment[1]), sent.fragment[2])}"
            f"{' error' if p.quote else ''}: {answer.strip()[:40]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("-n", type=int, default=1500, help="packets by seed")
    parser.add_argument("-s", type=int, action="append", help="seeds")
    parser.add_argument("-k", action="append", choices=sorted(set(KINDS)), help="kinds of conversations")
    args = parser.parse_args()
    seeds = args.s or [1, 2, 3]
    ok = all([run(args.program, seed, args.n, args.k or KINDS) for seed in seeds])
    if ok:
        print(f"{len(seeds) * args.n} packets ({' '.join(args.k or ['all kinds'])}): the model and the tracker agree")
    return not ok


if __name__ == "__main__":
    sys.exit(main())

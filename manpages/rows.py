#!/usr/bin/env python3
"""rows - fills sluice-fields.7.in and sluice-actions.7.in from the tables of the code.

  rows.py SRCDIR PAGE.in OUTPUT CC...

The C preprocessor reads the .def tables, so that their own helper macros count too.  A row that the page should
describe by hand and does not (an action word) is an error; so is a description without a row."""
import pathlib
import re
import shlex
import subprocess
import sys

VERSIONS = {0: "an extension", 1: "OpenFlow 1.0", 2: "OpenFlow 1.1", 3: "OpenFlow 1.2", 4: "OpenFlow 1.3",
            5: "OpenFlow 1.4", 6: "OpenFlow 1.5"}
ACCESS = {"RW": "may be set", "RO": "read only", "CT": "set by ct(exec(...)) only"}
MASK = {"BIT": "any mask", "NONE": "no mask"}


def rows(srcdir, cc, defines, table):
    """What the preprocessor makes of a table, split at '@'."""
    program = "\n".join(f"#define {d}" for d in defines) + f'\n#include "{table}"\n'
    out = subprocess.run([*cc, "-E", "-P", "-I", str(srcdir), "-"], input=program, capture_output=True, text=True,
                         check=True).stdout
    return [[cell.strip().strip('"') for cell in row.split("|")] for row in out.split("@")[1:]]


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def prerequisites(srcdir, cc):
    return {r[0]: r[1] for r in rows(srcdir, cc, ["PROTO(ID, text, ...) @ID | text"], "lib/packet/protocols.def")}


def collapse(fields):
    """Runs of rows that differ in their number only (reg0, reg1, ...) become one."""
    out = []
    for field in fields:
        stem = re.sub(r"\d+$", "", field[0])
        shape = [stem, *field[2:8]]
        if out and stem != field[0] and out[-1][0] == shape:
            out[-1][1].append(field)
        else:
            out.append((shape, [field]))
    return [group for _, group in out]


def fields_page(srcdir, cc):
    proto = prerequisites(srcdir, cc)
    table = rows(srcdir, cc, [
        "NO_CODEPOINT", "CP(NAME, ...) NAME", "EXP(NAME, ...) NAME",
        "FIELD(ID, name, alias, bytes, bits, member, size, shift, store, mask, access, prereq, format, first, ...)"
        " @name | alias | bits | size | mask | access | prereq | first | __VA_ARGS__"], "lib/packet/fields.def")
    out = []
    for group in collapse(table):
        name, alias, bits, size, mask, access, prereq, first, codes = group[0]
        title = rf"\fB{name}\fR" + (rf" to \fB{group[-1][0]}\fR" if len(group) > 1 else "")
        if alias != "NULL":
            title += rf", \fB{alias}\fR"
        words = [f"{bits} bits" if bits != "1" else "1 bit", MASK[mask], ACCESS[access]]
        if prereq != "NONE":
            words.append(f"only with {proto[prereq]}")
        codes = [c.strip() for c in codes.split(",") if c.strip()]
        if len(group) > 1:
            codes = [f"{codes[0]} to {group[-1][8].split(',')[0].strip()}"]
        out.append(f".TP\n{title}\n{escape(', '.join(words))}.")
        out.append(f"From {VERSIONS[int(first)]}.")
        out.append(f"On the wire: {escape(', '.join(codes))}." if codes else "No form on the wire of its own.")
        if size == "0":
            out.append("Known, and refused: this version has no place for it.")
    return {"fields": "\n".join(out)}, None


def words_page(srcdir, cc):
    words = rows(srcdir, cc, ["ACT_WORD(word, ...) @word"], "ofp/actions.def")
    known = [r[0] for r in words]
    refused = [r[0] for r in rows(srcdir, cc, ["NO |NO|", "YES |YES|", "ACT(ID, S, NAME, EXEC, ...) @NAME EXEC"],
                                  "ofp/actions.def") if r[1] == "NO"]
    text = [f".BR {escape(w)} ," for w in refused[:-1]] + [f".BR {escape(refused[-1])} ."]
    return {"refused": "\n".join(text)}, known


def check_words(page, known):
    described = set()
    for line in re.findall(r"^\.\\\" words: (.*)$", page, re.M):
        described |= set(line.split())
    missing, extra = set(known) - described, described - set(known)
    if missing or extra:
        sys.exit(f"sluice-actions.7.in: no description of {sorted(missing)}; no such words in actions.def: {sorted(extra)}")


def main(srcdir, page, output, cc):
    text = pathlib.Path(page).read_text()
    values, known = (fields_page if "fields" in page else words_page)(pathlib.Path(srcdir), cc)
    if known is not None:
        check_words(text, known)
    for name, value in values.items():
        text = text.replace(f"@{name}@\n", value + "\n")
    pathlib.Path(output).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:4], shlex.split(" ".join(sys.argv[4:])))

#!/usr/bin/env python3
"""Reads a table of tsv2bin (version 2, docs/formats.md) with numpy, and prints it as the TSV that it was made from.

    scripts/read_table.py FILE
"""
import json
import struct
import sys

import numpy

CODES = {1: "<u1", 2: "<u2", 4: "<u4"}


class Sections:
    """Takes arrays out of a block, one after another."""

    def __init__(self, block, offset):
        self.block, self.at = block, offset

    def take(self, count, dtype):
        values = numpy.frombuffer(self.block, dtype, count, self.at)
        self.at += (values.nbytes + 3) // 4 * 4
        return values

    def texts(self, count):
        return self.cut(self.take(count, "<u4"))

    def cut(self, ends):
        data = self.take(int(ends[-1]) if len(ends) else 0, "u1").tobytes()
        return [data[a:b] for a, b in zip([0, *ends], ends)]

    def row_texts(self, count):
        rows = self.take(count, "<u4").tolist()
        return dict(zip(rows, self.texts(count)))


def column(block, rows, header, before):
    offset, encoding, width, prefix, base, count, exceptions, exceptions_offset = header
    data = Sections(block, offset)
    if encoding == 0:  # lengths, bytes
        null = 256**width - 1
        lengths = data.take(rows, CODES[width]).astype(numpy.int64)
        ends = numpy.where(lengths >= null - 1, 0, lengths).cumsum()
        values = data.cut(ends)
        for row in numpy.flatnonzero(lengths >= null - 1):
            values[row] = rb"\N" if lengths[row] == null else before[row]
    elif encoding == 5:  # dictionary
        ends = data.take(count, "<u4")
        codes = data.take(rows, CODES[width]) if width else numpy.zeros(rows, int)
        words = data.cut(ends)
        values = [words[code] for code in codes]
    elif encoding == 4:  # lists of ids
        counts = data.take(rows, "u1")
        ids = [b"%s%07d" % (prefix, code + base - 1) for code in data.take(count, CODES[width]).tolist()]
        ends = counts.cumsum(dtype=numpy.int64)
        values = [b",".join(ids[a:b]) or rb"\N" for a, b in zip([0, *ends], ends)]
    elif encoding == 6:  # ascending ids
        values = [b"%s%07d" % (prefix, n) for n in base + data.take(rows, "u1").cumsum(dtype=numpy.int64)]
    else:  # numbers, tenths, ids
        codes = data.take(rows, CODES[width]).tolist() if width else [count] * rows
        write = {1: lambda n: b"%d" % n, 2: lambda n: b"%d.%d" % divmod(n, 10), 3: lambda n: b"%s%07d" % (prefix, n)}
        values = [write[encoding](code + base - 1) if code else rb"\N" for code in codes]
    for row, text in Sections(block, exceptions_offset).row_texts(exceptions).items():
        values[row] = text
    return values


def main():
    file = open(sys.argv[1], "rb").read()
    (size,) = struct.unpack_from("<Q", file)
    header = json.loads(file[8 : 8 + size])
    meta = header.pop("__metadata__")
    tensor = {name: file[8 + size :][slice(*info["data_offsets"])] for name, info in header.items()}
    offsets = numpy.frombuffer(tensor["block_offsets"], "<i8")
    line_end = {"lf": b"\n", "crlf": b"\r\n", "none": b""}[meta["matinee.newline"]]
    out = sys.stdout.buffer
    out.write(b"\xef\xbb\xbf" if "matinee.byte_order_mark" in meta else b"")
    out.write(meta.get("matinee.header", meta["matinee.columns"]).encode() + line_end)
    for begin, end in zip(offsets, offsets[1:]):
        block = tensor["blocks"][begin:end]
        rows, odd_ends, odd_ends_offset, _ = struct.unpack_from("<4I", block)
        columns = []
        for c in range(len(meta["matinee.types"])):
            columns.append(column(block, rows, struct.unpack_from("<IBB2s4I", block, 16 + 24 * c), columns and columns[-1]))
        ends = Sections(block, odd_ends_offset).row_texts(odd_ends)
        out.write(ends.get(0, b""))
        for row, fields in enumerate(zip(*columns)):
            out.write(b"\t".join(fields) + ends.get(row + 1, line_end))


if __name__ == "__main__":
    main()

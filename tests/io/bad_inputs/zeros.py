"""How do hundreds of megabytes of zeros become a small file, and in no time?"""

import zlib

PIECE = 1 << 20


def deflated_zeros(count: int, *, ended: bool = True) -> bytes:
    """A raw deflate stream of `count` zeros. A full flush begins afresh, so one piece can be repeated."""
    piece, rest = zlib.compressobj(9, wbits=-15), zlib.compressobj(9, wbits=-15)
    block = piece.compress(bytes(PIECE)) + piece.flush(zlib.Z_FULL_FLUSH)
    last = rest.compress(bytes(count % PIECE)) + rest.flush(zlib.Z_FINISH)
    return block * (count // PIECE) + (last if ended else b"")


def zlib_zeros(count: int) -> bytes:
    """The same as a zlib stream (RFC 1950); the Adler sum of zeros is 1 below, their number above."""
    return b"\x78\xda" + deflated_zeros(count) + ((count % 65521) << 16 | 1).to_bytes(4, "big")


def crc_of_zeros(count: int, before: int = 0) -> int:
    """The CRC-32 of `count` zeros behind what has the CRC `before`."""
    while count:
        before, count = zlib.crc32(bytes(min(count, PIECE)), before), count - min(count, PIECE)
    return before

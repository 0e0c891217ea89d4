// As much of CBOR (RFC 8949 §4.2.1, deterministic) as a wallet writes: numbers that
// are not negative, byte strings, texts and arrays of them.

// head is an item's head in its shortest form.
function head(major, n) {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} can't be written`);
  const type = major << 5;
  if (n < 24) return [type | n];
  if (n < 0x100) return [type | 24, n];
  if (n < 0x10000) return [type | 25, n >> 8, n & 255];
  const four = (v) => [(v >>> 24) & 255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
  if (n < 0x100000000) return [type | 26, ...four(n)];
  return [type | 27, ...four(Math.floor(n / 0x100000000)), ...four(n % 0x100000000)];
}

export function cbor(value) {
  if (typeof value === "number") return Uint8Array.from(head(0, value));
  if (value instanceof Uint8Array) return joined(head(2, value.length), value);
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    return joined(head(3, bytes.length), bytes);
  }
  if (Array.isArray(value)) return joined(head(4, value.length), ...value.map(cbor));
  throw new TypeError(`a ${typeof value} can't be written`);
}

// joined puts pieces of bytes behind one another.
export function joined(...pieces) {
  const out = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

// Parcel: packs webhook bodies that are committed together, byte for byte, into one compressed row.
// Bodies resemble each other, so that together they take a tenth of the bytes, of the write-ahead
// log and of Postgres's time. A parcel is unpacked one body at a time, because a row of some
// kilobytes may expand to hundreds of megabytes.
import { constants, createZstdDecompress, zstdCompressSync } from 'node:zlib';

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const LENGTH_BYTES = 4;
/** The size of the pieces in which a parcel is unpacked; a thread is taken for each. */
const UNPACKED_BYTES = 65_536;

/** Packs bodies, each preceded by its length (u32, little endian). */
export function packBodies(bodies: readonly Uint8Array[]): Buffer {
  const parts = bodies.flatMap((body) => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(body.length);
    return [length, body];
  });
  return zstdCompressSync(Buffer.concat(parts), LEVEL);
}

/** A body; `bytes` is null when it is longer than the caller's limit. */
export type Unpacked = { readonly length: number; readonly bytes: Uint8Array | null };

/**
 * Yields the bodies of a parcel in order. A body longer than `bytesMost` is skipped and only its
 * length is yielded. Throws a RangeError when the parcel ends inside a body, and the error of zlib
 * when it is damaged.
 */
export async function* unpackBodies(
  parcel: Uint8Array,
  bytesMost = Number.POSITIVE_INFINITY,
): AsyncGenerator<Unpacked> {
  const unpacking = createZstdDecompress({ chunkSize: UNPACKED_BYTES });
  unpacking.end(parcel);
  /**
   * The bytes that the current length or body still lacks; `parts` is null while a body is skipped.
   */
  let parts: Buffer[] | null = [];
  let lacks = LENGTH_BYTES;
  let body: number | null = null;
  for await (const chunk of unpacking as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.subarray(at, at + lacks);
      at += taken.length;
      lacks -= taken.length;
      parts?.push(taken);
      if (lacks > 0) continue;
      if (body === null) {
        body = Buffer.concat(parts ?? []).readUInt32LE();
        lacks = body;
        parts = body > bytesMost ? null : [];
        if (lacks > 0) continue;
      }
      yield { length: body, bytes: parts === null ? null : Buffer.concat(parts) };
      body = null;
      lacks = LENGTH_BYTES;
      parts = [];
    }
  }
  if (body !== null || lacks < LENGTH_BYTES) throw new RangeError('a parcel ends inside a body');
}

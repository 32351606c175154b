/** Zip archives for the tests. */
import { crc32, deflateRawSync } from "node:zlib";

/** Options of {@linkcode zipArchive}. */
export interface ZipOptions {
  /** Store instead of deflate. */
  readonly stored?: boolean;
  /** Give sizes and places in zip64 fields, as archives above 4 GiB do. */
  readonly wide?: boolean;
}

/** A zip archive of the given files. */
export function zipArchive(
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
  { stored = false, wide = false }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const path = new TextEncoder().encode(name);
    const packed = stored ? bytes : new Uint8Array(deflateRawSync(bytes));
    const extra = new Uint8Array(wide ? 28 : 0);
    if (wide) {
      const field = new DataView(extra.buffer);
      field.setUint16(0, 1, true);
      field.setUint16(2, 24, true);
      [bytes.length, packed.length, at].forEach((value, i) =>
        field.setBigUint64(4 + 8 * i, BigInt(value), true)
      );
    }
    const fill = (record: DataView, sizes: number) => {
      record.setUint16(sizes - 10, stored ? 0 : 8, true);
      record.setUint32(sizes - 4, crc32(bytes), true);
      record.setUint32(sizes, wide ? 0xffffffff : packed.length, true);
      record.setUint32(sizes + 4, wide ? 0xffffffff : bytes.length, true);
      record.setUint16(sizes + 8, path.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    fill(local, 18);
    // A local header has its own extra field, which need not be the directory's.
    const own = wide ? extra.slice(0, 20) : new Uint8Array(3);
    if (wide) new DataView(own.buffer).setUint16(2, 16, true);
    local.setUint16(28, own.length, true);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    fill(entry, 20);
    entry.setUint16(30, extra.length, true);
    entry.setUint32(42, wide ? 0xffffffff : at, true);
    directory.push(new Uint8Array(entry.buffer), path, extra);
    parts.push(new Uint8Array(local.buffer), path, own, packed);
    at += 30 + path.length + own.length + packed.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  if (wide) {
    const end64 = new DataView(new ArrayBuffer(76));
    end64.setUint32(0, 0x06064b50, true);
    end64.setBigUint64(24, BigInt(files.length), true);
    end64.setBigUint64(32, BigInt(files.length), true);
    end64.setBigUint64(40, BigInt(length), true);
    end64.setBigUint64(48, BigInt(at), true);
    end64.setUint32(56, 0x07064b50, true);
    end64.setBigUint64(64, BigInt(at + length), true);
    directory.push(new Uint8Array(end64.buffer));
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, wide ? 0xffff : files.length, true);
  end.setUint16(10, wide ? 0xffff : files.length, true);
  end.setUint32(12, wide ? 0xffffffff : length, true);
  end.setUint32(16, wide ? 0xffffffff : at, true);
  parts.push(...directory, new Uint8Array(end.buffer));
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

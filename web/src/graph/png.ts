/** Reads the text chunks of a PNG: saved pictures carry their workflow in the one named `patchloom`. */
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
export const CHUNK = "patchloom";

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** The text stored under `key`, or null. Understands tEXt, zTXt and iTXt, compressed or not. */
export async function pngText(bytes: Uint8Array, key: string = CHUNK): Promise<string | null> {
  for (const chunk of chunks(bytes)) {
    const end = chunk.data.indexOf(0);
    if (end < 0 || latin1(chunk.data.subarray(0, end)) !== key) continue;
    const body = chunk.data.subarray(end + 1);
    if (chunk.type === "tEXt") return decodeText(body);
    if (chunk.type === "zTXt") return decodeText(await inflate(body.subarray(1)));
    if (chunk.type === "iTXt") return internationalText(body);
  }
  return null;
}

function* chunks(bytes: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  if (!isPng(bytes)) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    if (type === "IEND" || at + 12 + length > bytes.length) return;
    yield { type, data: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

/** iTXt: compression flag, method, language \0, translated keyword \0, UTF-8 text. */
async function internationalText(body: Uint8Array): Promise<string | null> {
  const compressed = body[0] === 1;
  const language = body.indexOf(0, 2);
  const keyword = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (keyword < 0) return null;
  const text = body.subarray(keyword + 1);
  return new TextDecoder().decode(compressed ? await inflate(text) : text);
}

/** tEXt is Latin-1 by the book, but JSON writers often put UTF-8 there. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return latin1(bytes);
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

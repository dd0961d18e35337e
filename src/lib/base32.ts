/** Lower-case base 32 without the letters people misread (Crockford's alphabet): https://www.crockford.com/base32.html */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Encodes bytes, most significant bits first, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}

/** Encodes a whole number from 0 to `Number.MAX_SAFE_INTEGER`. */
export function numberToBase32(value: number): string {
  let text = "";
  let rest = value;
  do {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}

/** Decodes what {@link numberToBase32} wrote; `undefined` for anything else. */
export function numberFromBase32(text: string): number | undefined {
  if (text.length === 0 || text.length > 11) return undefined;
  let value = 0;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

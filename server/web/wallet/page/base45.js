// Base45 (RFC 9285): two bytes are three characters of a QR code's alphanumeric mode.

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function base45(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    const n = pair ? bytes[i] * 256 + bytes[i + 1] : bytes[i];
    text += digits[n % 45] + digits[Math.floor(n / 45) % 45];
    if (pair) text += digits[Math.floor(n / 2025)];
  }
  return text;
}

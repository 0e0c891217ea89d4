// Drawing codes, as small as they get: their characters are those of a QR code's
// alphanumeric mode. Level M, as on screens nothing is scratched or dirty.

import { encode } from "./vendor/uqr/index.mjs";

const quiet = 4; // modules of white around, as ISO/IEC 18004 asks

// drawCode draws a code into a canvas, a whole number of pixels a module, so that no
// edge is blurred.
export function drawCode(canvas, text) {
  const { size, data } = encode(text, { ecc: "M", border: quiet });
  const density = devicePixelRatio || 1;
  const pixels = Math.max(1, Math.floor(canvas.parentElement.clientWidth * density / size));
  canvas.width = canvas.height = size * pixels;
  canvas.style.width = `${canvas.width / density}px`;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (data[y][x]) pen.fillRect(x * pixels, y * pixels, pixels, pixels);
    }
  }
}

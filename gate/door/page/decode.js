// The decoder: it reads the codes in the camera's frames, in a worker, so that the
// page can paint meanwhile. What it is given goes nowhere but into its own memory.
import { prepareZXingModule, readBarcodes } from "./vendor/zxing-wasm/es/reader/index.js";

const widest = 1280; // px of a frame's longer side; enough for a code at arm's length
const longest = 1024; // characters; no ticket is longer, and a code of another kind is told from its start
const wanted = {
  formats: ["QRCodeModel2"], textMode: "Plain", maxNumberOfSymbols: 8,
  tryHarder: true, tryRotate: true, tryInvert: true, tryDownscale: true,
};

const canvas = new OffscreenCanvas(1, 1);
const pen = canvas.getContext("2d", { willReadFrequently: true });

// read gives the texts of the codes in a frame.
async function read(frame) {
  const scale = Math.min(1, widest / Math.max(frame.width, frame.height));
  const width = Math.max(1, Math.round(frame.width * scale)), height = Math.max(1, Math.round(frame.height * scale));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  pen.drawImage(frame, 0, 0, width, height);
  const codes = await readBarcodes(pen.getImageData(0, 0, width, height), wanted);
  return codes.filter((c) => c.isValid).map((c) => c.text.slice(0, longest));
}

onmessage = async ({ data: { number, frame } }) => {
  try {
    postMessage({ number, texts: await read(frame) });
  } catch (e) {
    postMessage({ number, failed: String(e) });
  } finally {
    frame?.close();
  }
};

try {
  const overrides = { locateFile: (name) => new URL("./vendor/zxing-wasm/reader/" + name, import.meta.url).href };
  await prepareZXingModule({ overrides, fireImmediately: true });
  postMessage({ ready: true });
} catch (e) {
  postMessage({ ready: false, failed: String(e) });
}

// The camera: grey frames go to the agent on this device, which reads and judges
// them. They are sent nowhere else.

const by = (id) => document.getElementById(id);
const widest = 960; // px; enough for a code at arm's length, and quick to read
const every = 120; // ms between two frames

// startCamera gives each frame its turn, asks the agent with what asked gives, and
// calls found with the verdict.
export async function startCamera({ inTurn, asked, found }) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives no camera to a page that is not opened by https or on localhost.");
  const stream = await open(localStorage.lens);
  const video = by("video");
  video.srcObject = stream;
  await video.play();
  await lenses(stream);
  const track = stream.getVideoTracks()[0];
  const canTorch = Boolean(track.getCapabilities?.().torch);
  by("torch").hidden = !canTorch;

  let on = true, lit = false;
  const loop = async () => {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    while (on) {
      let began = performance.now();
      await inTurn(async () => {
        began = performance.now();
        const frame = on && grey(video, canvas, pen);
        if (frame) await judge(frame, asked(), (answer) => found(answer, began));
      });
      await new Promise((r) => setTimeout(r, Math.max(0, every - (performance.now() - began))));
    }
  };
  loop();
  const torch = async () => { if (canTorch) await track.applyConstraints({ advanced: [{ torch: (lit = !lit) }] }); };
  by("torch").onclick = torch;
  return { torch, stop() { on = false; for (const t of stream.getTracks()) t.stop(); video.srcObject = null; } };
}

function open(lens) {
  const wish = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const video = lens ? { ...wish, deviceId: { exact: lens } } : { ...wish, facingMode: "environment" };
  return navigator.mediaDevices.getUserMedia({ video, audio: false }).catch((e) => {
    if (!lens) throw e;
    delete localStorage.lens; // that lens is gone
    return open();
  });
}

async function lenses(stream) {
  const list = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "videoinput");
  const choice = by("lens");
  choice.hidden = list.length < 2;
  choice.replaceChildren(...list.map((d, i) => new Option(d.label || `Camera ${i + 1}`, d.deviceId)));
  choice.value = stream.getVideoTracks()[0].getSettings().deviceId || "";
  choice.onchange = () => { localStorage.lens = choice.value; by("start").click(); by("start").click(); };
}

// grey gives the frame as one byte a pixel.
function grey(video, canvas, pen) {
  if (!video.videoWidth) return null;
  const scale = Math.min(1, widest / video.videoWidth);
  const width = canvas.width = Math.round(video.videoWidth * scale);
  const height = canvas.height = Math.round(video.videoHeight * scale);
  pen.drawImage(video, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pixels.length; i++, j += 4) pixels[i] = (data[j] * 77 + data[j + 1] * 151 + data[j + 2] * 28) >> 8;
  return { width, height, pixels };
}

async function judge({ width, height, pixels }, lane, found) {
  const query = new URLSearchParams({ width, height, ...lane });
  try {
    const answer = await fetch("/api/frame?" + query, { method: "POST", body: pixels, headers: { "Content-Type": "application/octet-stream" }, signal: AbortSignal.timeout(5000) });
    if (answer.ok) found(await answer.json());
  } catch { /* the status strip says that the agent is gone; the next frame tries again */ }
}

// Reading frames: by the decoder in a worker on this device, or, where that can't
// run, by the agent that serves the page. One frame is read at a time.

const startWithin = 15_000; // ms; to fetch and start the decoder
const readWithin = 3000; // ms; a decoder that takes longer hangs
const chances = 3; // failures of the decoder within a while before the agent reads
const within = 600_000; // ms; older ones are forgiven
const agentWidest = 960; // px; what the agent reads quickly

// openReader gives a reader. Its read takes a video and gives the texts in what it
// shows now; told is called with "" while this device reads, else with why not.
export async function openReader(told) {
  let decoder = null, failures = [], unfit = false, over = false;
  const mayTry = () => {
    failures = failures.filter((at) => performance.now() - at < within);
    return !unfit && failures.length < chances;
  };
  const fail = (why) => {
    decoder?.end();
    decoder = null;
    failures.push(performance.now());
    if (!mayTry()) told(String(why));
  };
  const start = async () => {
    try {
      const started = await startDecoder();
      if (over) return started.end(); // nobody is there to read for
      decoder = started;
      told("");
    } catch (e) {
      unfit = true; // it would not start the next time either
      fail(e.message || e);
    }
  };
  const agent = agentReader();
  await start();
  return {
    async read(video) {
      if (!decoder && mayTry()) await start();
      if (over) return [];
      if (!decoder) return agent(video);
      let frame;
      try {
        frame = await createImageBitmap(video);
      } catch {
        return []; // the camera shows nothing just now
      }
      try {
        return await decoder.read(frame);
      } catch (e) {
        fail(e.message || e);
        return [];
      }
    },
    end() {
      over = true;
      decoder?.end();
    },
  };
}

// startDecoder starts the worker, and fails where it can't decode.
function startDecoder() {
  return new Promise((started, failed) => {
    if (!globalThis.Worker || !globalThis.WebAssembly || !globalThis.OffscreenCanvas) throw new Error("this browser has no decoder for it");
    const worker = new Worker("/decode.js", { type: "module" });
    let number = 0, waiting = null;
    const broken = (why) => {
      clearTimeout(timer);
      worker.terminate();
      failed(new Error(why));
      waiting?.failed(new Error(why));
      waiting = null;
    };
    let timer = setTimeout(broken, startWithin, "the decoder does not start");
    worker.onerror = (e) => { e.preventDefault(); broken(e.message || "the decoder can't be loaded"); };
    worker.onmessage = ({ data }) => {
      if (data.ready === false) return broken(data.failed);
      clearTimeout(timer);
      if (data.ready) return started({ read, end: () => broken("ended") });
      if (data.number !== number) return;
      if (data.failed) return broken(data.failed);
      waiting?.done(data.texts);
      waiting = null;
    };
    const read = (frame) => new Promise((done, failed) => {
      waiting = { done, failed };
      timer = setTimeout(broken, readWithin, "the decoder hangs");
      worker.postMessage({ number: ++number, frame }, [frame]);
    });
  });
}

// agentReader has the agent read grey frames.
function agentReader() {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const { width, height, pixels } = grey(video, canvas, pen);
    const path = "/api/frame?" + new URLSearchParams({ width, height, read: "true" });
    try {
      const answer = await fetch(path, { method: "POST", body: pixels, headers: { "Content-Type": "application/octet-stream" }, signal: AbortSignal.timeout(5000) });
      return answer.ok ? (await answer.json()).texts : [];
    } catch {
      return []; // the status strip says that the agent is gone; the next frame tries again
    }
  };
}

// grey gives what a video shows as one byte a pixel.
function grey(video, canvas, pen) {
  const scale = Math.min(1, agentWidest / Math.max(video.videoWidth, video.videoHeight));
  const width = canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  const height = canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  pen.drawImage(video, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pixels.length; i++, j += 4) pixels[i] = (data[j] * 77 + data[j + 1] * 151 + data[j + 2] * 28) >> 8;
  return { width, height, pixels };
}

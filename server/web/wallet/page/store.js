// What stays in the browser: the phone's key, the tickets as they were last, and by
// how much its clock is wrong.

const opened = new Promise((done, failed) => {
  const ask = indexedDB.open("usher-wallet", 1);
  ask.onupgradeneeded = () => ask.result.createObjectStore("kept");
  ask.onsuccess = () => done(ask.result);
  ask.onerror = () => failed(ask.error);
});

async function act(mode, what) {
  const db = await opened;
  return new Promise((done, failed) => {
    const tx = db.transaction("kept", mode);
    const ask = what(tx.objectStore("kept"));
    tx.oncomplete = () => done(ask.result);
    tx.onerror = tx.onabort = () => failed(tx.error);
  });
}

export const load = (name) => act("readonly", (s) => s.get(name));
export const keep = (name, value) => act("readwrite", (s) => s.put(value, name));
export const forget = (name) => act("readwrite", (s) => s.delete(name));

// keepFirst keeps a value unless there is one, and gives the one that there is then:
// two tabs that make a key at once end with the same.
export async function keepFirst(name, value) {
  const db = await opened;
  return new Promise((done, failed) => {
    const tx = db.transaction("kept", "readwrite");
    const s = tx.objectStore("kept");
    let kept = value;
    s.get(name).onsuccess = (e) => {
      if (e.target.result === undefined) s.put(value, name);
      else kept = e.target.result;
    };
    tx.oncomplete = () => done(kept);
    tx.onerror = tx.onabort = () => failed(tx.error);
  });
}

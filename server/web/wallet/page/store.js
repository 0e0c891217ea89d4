// What stays in the browser: the phone's key, the tickets as they were last, and by
// how much its clock is wrong. Tickets and clock are had for as long as the page is open
// where a browser keeps nothing, as in some private windows or on a full disk.

const here = new Map(); // what the browser didn't keep
let opened = null;

const open = () => new Promise((done, failed) => {
  const ask = indexedDB.open("usher-wallet", 1);
  ask.onupgradeneeded = () => ask.result.createObjectStore("kept");
  ask.onsuccess = () => done(ask.result);
  ask.onerror = () => failed(ask.error);
});

// begin begins a transaction. Phones close the store under a page that was out of sight
// for long: it is opened again then.
async function begin(mode) {
  const db = await (opened ??= open());
  try {
    return db.transaction("kept", mode);
  } catch {
    opened = open();
    return (await opened).transaction("kept", mode);
  }
}

async function act(mode, what) {
  const tx = await begin(mode);
  return new Promise((done, failed) => {
    const ask = what(tx.objectStore("kept"));
    tx.oncomplete = () => done(ask.result);
    tx.onerror = tx.onabort = () => failed(tx.error);
  });
}

export async function load(name) {
  if (here.has(name)) return here.get(name);
  return act("readonly", (s) => s.get(name)).catch(() => undefined);
}

export async function keep(name, value) {
  here.set(name, value);
  try {
    await act("readwrite", (s) => s.put(value, name));
  } catch {
    return;
  }
  if (here.get(name) === value) here.delete(name);
}

export async function forget(name) {
  here.delete(name);
  if (await keeps()) await act("readwrite", (s) => s.delete(name));
}

// keeps says whether this browser keeps anything for the page.
export const keeps = () => (opened ??= open()).then(() => true, () => false);

// keepsMore says whether it keeps what it hasn't yet.
export const keepsMore = () => act("readwrite", (s) => s.put(true, "probe")).then(() => forget("probe")).then(() => true, () => false);

// keepFirst keeps a value unless there is one, and gives the one that there is then:
// two tabs that make a key at once end with the same.
export async function keepFirst(name, value) {
  const tx = await begin("readwrite");
  return new Promise((done, failed) => {
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

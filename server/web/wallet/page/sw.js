// Keeps the page itself in the browser, so that tickets are there with the network
// off. It answers from what it keeps and never waits for a network: a new version of
// the page comes with a new version of this file, and takes over as a whole. Tickets
// are none of its business, they are in a store of their own (store.js).
//
// A server that has another version refuses to give files of this one. What is kept is
// then tried again later, and never half of each while servers are being replaced.
const name = "wallet-{{.Version}}";
const files = {{.Files}};
const at = (file) => file + "?v={{.Version}}";

addEventListener("install", (e) => e.waitUntil(caches.open(name)
  .then((c) => c.addAll(files.map((file) => new Request(at(file), { cache: "reload", credentials: "omit" })))).then(() => skipWaiting())));
addEventListener("activate", (e) => e.waitUntil(caches.keys()
  .then((all) => Promise.all(all.filter((k) => k.startsWith("wallet-") && k !== name).map((k) => caches.delete(k)))).then(() => clients.claim())));
addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin || !files.includes(url.pathname)) return;
  e.respondWith(caches.open(name).then((c) => c.match(at(url.pathname), { ignoreVary: true })).then((kept) => kept ?? fetch(e.request)));
});

// While a code is shown the screen stays on. A browser takes the lock away when the
// page is hidden; the code is hidden then too.

let lock = null; // the promise of one, while a code is shown

export function stayAwake() {
  lock ??= Promise.resolve(navigator.wakeLock?.request("screen"))
    .catch(() => {}); // not allowed, as with a low battery: the person keeps it on
}

// sleep lets go of the lock, though it may still be on its way.
export function sleep() {
  lock?.then((have) => have?.release()).catch(() => {});
  lock = null;
}

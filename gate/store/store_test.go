package store

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	journaltest.Store(t, func(t *testing.T) journal.Store { return open(t, t.TempDir()) })
}

func TestDeviceKeyIsItsOwnersAndNeverOverwritten(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.DeviceKey(); !errors.Is(err, fault.NotReady) {
		t.Errorf("before there is a key: %v", err)
	}
	key, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDeviceKey(key); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(s.Dir(), keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
	if err := s.SaveDeviceKey(key); !errors.Is(err, fault.Exists) {
		t.Errorf("saving a second key: %v", err)
	}
	if again, err := s.DeviceKey(); err != nil || again.ID() != key.ID() {
		t.Errorf("came back as %v, %v", again, err)
	}
}

// A folder that holds no gate is not locked: somebody may have named the wrong one.
func TestNoLockInAStrangersFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Lock(dir); !errors.Is(err, fault.NotFound) {
		t.Errorf("locking a folder without a gate: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := open(t, t.TempDir()).Dir()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if again, err := Lock(dir); err != nil {
		t.Errorf("after the first let go: %v", err)
	} else if err := again(); err != nil {
		t.Error(err)
	}
}

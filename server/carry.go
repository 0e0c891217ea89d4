package server

import (
	"context"
	"io"

	"usher/crypto/keyring"
	"usher/server/journals"
	"usher/sync/audit"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/link"
)

// Audit checks all that the server holds of an event's journals, from the key
// ring up. It needs no unlocked keys.
func (s *Server) Audit(ctx context.Context, event string, progress audit.Progress) (*audit.Report, error) {
	if _, err := s.Catalog.Event(ctx, event); err != nil {
		return nil, err
	}
	chain, err := s.Vault.Chain(ctx)
	if err != nil {
		return nil, err
	}
	checkpoints, err := s.Journals.Checkpoints(ctx, event)
	if err != nil {
		return nil, err
	}
	forks, err := s.Journals.Forks(ctx, event)
	if err != nil {
		return nil, err
	}
	newest := chain[len(chain)-1].Ring
	self := journalNode(&newest, event)
	return audit.Run(ctx, audit.Source{
		Event: event, Store: s.Journals.Store(event), Pins: keyring.PinsOf(newest.Roots), Rings: chain,
		Server: self, Self: self, Checkpoints: checkpoints, Forks: forks,
	}, progress)
}

// journalNode is the node of the server's journal of an event, zero if the ring
// has no key for it.
func journalNode(ring *keyring.Ring, event string) journal.NodeID {
	for _, key := range ring.Keys {
		if key.Role == keyring.RoleJournal && key.For(event) {
			return journal.NodeOf(key.Public)
		}
	}
	return journal.NodeID{}
}

// ExportJournal writes all journals of an event into one file, for gates that no
// network reaches, and gives how many records those are. The file says how long
// the server's journal is now, so the keys have to be unlocked.
func (s *Server) ExportJournal(ctx context.Context, event string, w io.Writer) (uint64, error) {
	if _, err := s.Catalog.Event(ctx, event); err != nil {
		return 0, err
	}
	if _, err := s.Journals.Checkpoint(ctx, event); err != nil {
		return 0, err
	}
	local, err := s.Doors.Local(ctx, event)
	if err != nil {
		return 0, err
	}
	return link.WriteFile(ctx, w, local)
}

// ImportJournal takes in the records of a journal file that was carried by hand,
// each as strictly as from the network. The keys have to be unlocked.
func (s *Server) ImportJournal(ctx context.Context, r io.ReadSeeker) (*link.File, exchange.Report, error) {
	file, err := link.ReadFile(r)
	if err != nil {
		return nil, exchange.Report{}, err
	}
	if _, err := s.Catalog.Event(ctx, file.Event); err != nil {
		return file, exchange.Report{}, fault.Wrap(fault.KindOf(err), err, "the file holds journals of event %.40q", file.Event)
	}
	local, err := s.Doors.Local(ctx, file.Event)
	if err != nil {
		return file, exchange.Report{}, err
	}
	report, err := exchange.Import(ctx, local, file.Batches())
	if err != nil {
		return file, report, err
	}
	_, err = exchange.ImportCheckpoints(local, file.Checkpoints)
	return file, report, err
}

// Restored makes the server's journal of the event go on after the data were
// restored from a backup; see journals.BeginEpoch. The keys have to be unlocked.
func (s *Server) Restored(ctx context.Context, event string) (journals.Epoch, error) {
	if _, err := s.Catalog.Event(ctx, event); err != nil {
		return journals.Epoch{}, err
	}
	return s.Journals.BeginEpoch(ctx, event)
}

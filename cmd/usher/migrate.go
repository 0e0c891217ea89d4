package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"usher/migrations"
	"usher/server"
)

func newMigrate() *cobra.Command {
	return group("migrate", "Look at the version of the server's tables, bring them up to date",
		newMigrateStatus(), newMigrateUp())
}

func newMigrateStatus() *cobra.Command {
	c := &cobra.Command{
		Use: "status", Short: "Print which version the tables have and which one this usher needs", Args: cobra.NoArgs,
		Long: `Prints how far the tables of the server's data are, and changes nothing. The exit
status is 1 when usher migrate up has something to do, 2 when a newer usher wrote
them, which this one then leaves alone.`,
		Example: "  usher migrate status\n  usher migrate status --database postgres://usher@db.example/usher",
		RunE: func(c *cobra.Command, _ []string) error {
			return migrate(c, func(context.Context, migrations.Database) error { return nil })
		},
	}
	addData(c, "server")
	return c
}

func newMigrateUp() *cobra.Command {
	c := &cobra.Command{
		Use: "up", Short: "Bring the tables up to date", Args: cobra.NoArgs,
		Long: `Brings the tables of the server's data to the version that this usher needs. Every
other command does so by itself, so this is for whoever wants it done at a time of
their own: before the servers of a cluster are replaced, or as a user of the database
who may change tables where the servers' may not. Several may run it at once.

There is no way back but a backup from before.`,
		Example: "  usher migrate up --database postgres://owner@db.example/usher",
		RunE: func(c *cobra.Command, _ []string) error {
			return migrate(c, func(ctx context.Context, db migrations.Database) error {
				return migrations.Up(ctx, db, migrations.Server)
			})
		},
	}
	addData(c, "server")
	return c
}

// migrate does something to the server's database as it is, and prints the version
// after it. A folder has to have one; on PostgreSQL it may be empty.
func migrate(c *cobra.Command, do func(context.Context, migrations.Database) error) (err error) {
	cfg, err := serverData(c)
	if err != nil {
		return err
	}
	if cfg.Database == "" {
		there, err := cfg.Exists(c.Context())
		if err != nil {
			return err
		}
		if !there {
			return noData(cfg)
		}
	}
	db, err := server.OpenDatabase(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := do(c.Context(), db); err != nil {
		return err
	}
	v, err := migrations.Status(c.Context(), db, migrations.Server)
	if err != nil {
		return err
	}
	if err := printVersion(c, cfg, v); err != nil {
		return err
	}
	if v.Have < v.Want {
		return errRefused
	}
	return nil
}

func printVersion(c *cobra.Command, cfg server.Config, v migrations.Version) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]int64{"have": v.Have, "want": v.Want})
	}
	state := "up to date"
	if v.Have < v.Want {
		state = fmt.Sprintf("needs %d: usher migrate up", v.Want)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s: version %d, %s\n", cfg.Where(), v.Have, state)
	return err
}

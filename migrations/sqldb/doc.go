// Package sqldb opens usher's databases: one writer and a pool of readers, with
// transactions that are tried again when another process was in the way and
// errors that say what kind of trouble it was. Nothing else imports a driver.
package sqldb

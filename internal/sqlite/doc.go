// Package sqlite holds the tests of sources.Rows and sinks.Exec on a real
// database. It is a module of its own, so that the core does not depend on one.
package sqlite

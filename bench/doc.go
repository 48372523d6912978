// Package bench holds nothing but benchmarks: see README.md, and the command
// in compare.
package bench

//go:build !race

package vimap

// overwrites says that lines that were lent are overwritten.
const overwrites = false

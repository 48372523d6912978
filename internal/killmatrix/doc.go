//go:build !unix

// Killmatrix breaks child processes, which are there on Unix only.
package main

func main() {}

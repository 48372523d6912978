package count

import (
	"bytes"
	"go/token"
	"iter"
	"unicode"
	"unicode/utf8"
)

// identifiers yields the identifiers of Go source, keywords among them, and
// passes over comments, strings, characters and numbers. What it yields is a
// part of src. Source that does not compile is read as far as it makes sense.
func identifiers(src []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := 0; i < len(src); {
			c := src[i]
			switch {
			case c == '"' || c == '\'':
				i = endOfQuoted(src, i)
			case c == '`':
				i = endAfter(src, i+1, "`")
			case c == '/' && i+1 < len(src) && src[i+1] == '/':
				i = endAfter(src, i, "\n")
			case c == '/' && i+1 < len(src) && src[i+1] == '*':
				i = endAfter(src, i+2, "*/")
			case '0' <= c && c <= '9':
				i = endOfNumber(src, i)
			default:
				end := endOfIdentifier(src, i)
				if end == i {
					i++
					continue
				}
				if !yield(src[i:end]) {
					return
				}
				i = end
			}
		}
	}
}

// part says which ASCII characters an identifier is made of.
var part = func() (part [utf8.RuneSelf]bool) {
	for c := range part {
		part[c] = c == '_' || unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c))
	}
	return part
}()

// endOfIdentifier returns i if there is none. src[i] must not be a digit.
func endOfIdentifier(src []byte, i int) int {
	start := i
	for i < len(src) {
		if c := src[i]; c < utf8.RuneSelf {
			if !part[c] {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(src[i:])
		if !unicode.IsLetter(r) && (i == start || !unicode.IsDigit(r)) {
			break
		}
		i += size
	}
	return i
}

func endOfNumber(src []byte, i int) int {
	for i < len(src) && src[i] < utf8.RuneSelf && (part[src[i]] || src[i] == '.') {
		i++
	}
	return i
}

func endOfQuoted(src []byte, i int) int {
	quote := src[i]
	for i++; i < len(src); i++ {
		switch src[i] {
		case quote:
			return i + 1
		case '\\':
			i++
		case '\n': // the quote is missing
			return i
		}
	}
	return len(src)
}

func endAfter(src []byte, i int, mark string) int {
	if n := bytes.Index(src[i:], []byte(mark)); n >= 0 {
		return i + n + len(mark)
	}
	return len(src)
}

func isKeyword(name string) bool { return token.IsKeyword(name) }

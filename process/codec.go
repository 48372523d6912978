package process

import (
	"bytes"
	"fmt"
	"reflect" //nolint:depguard // values leave the program here, as they do in encoding/json
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// Codec turns values into bytes for their way to a child, and back. It is
// called from several goroutines at once. A string and a []byte travel as they
// are, and no codec sees them.
type Codec interface {
	// Append appends the encoding of v to buf.
	Append(buf []byte, v any) ([]byte, error)
	// Decode decodes data into the value that v points to, and keeps nothing of
	// data.
	Decode(data []byte, v any) error
}

// cborCodec is the Codec of definitions that have no other.
type cborCodec struct{}

var (
	encMode = must(cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.UserBufferEncMode())
	decMode = must(cbor.DecOptions{
		DefaultMapType:   reflect.TypeFor[map[string]any](),
		MaxArrayElements: 1<<31 - 1, MaxMapPairs: 1<<31 - 1, MaxNestedLevels: 1024,
		UTF8: cbor.UTF8DecodeInvalid, // as encoding takes it: a string is any bytes
	}.DecMode())
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Append is that of Codec.
func (cborCodec) Append(buf []byte, v any) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := encMode.MarshalToBuffer(v, b); err != nil {
		return buf, err
	}
	return append(buf, b.Bytes()...), nil
}

// Decode is that of Codec.
func (cborCodec) Decode(data []byte, v any) error { return decMode.Unmarshal(data, v) }

// coder encodes and decodes values of one type.
type coder[T any] struct {
	codec Codec
	raw   rawKind
}

type rawKind byte

const (
	notRaw rawKind = iota
	rawString
	rawBytes
)

func newCoder[T any](codec Codec) coder[T] {
	c := coder[T]{codec: codec}
	switch any(*new(T)).(type) {
	case string:
		c.raw = rawString
	case []byte:
		c.raw = rawBytes
	}
	return c
}

// largePayload is from where on a value is written from where it is, and not
// copied first.
const largePayload = 16 << 10

// bytes returns the encoding of a value that travels as it is.
func (c coder[T]) bytes(v *T) ([]byte, bool) {
	if c.raw == rawBytes {
		return *any(v).(*[]byte), true
	}
	return nil, false
}

// append appends the encoding of v.
func (c coder[T]) append(buf []byte, v *T) (_ []byte, err error) {
	switch c.raw {
	case rawString:
		s := *any(v).(*string)
		if len(s) > mostPayload {
			return buf, tooLarge[T](len(s))
		}
		return append(buf, s...), nil
	case rawBytes:
		return append(buf, *any(v).(*[]byte)...), nil // a large one is written from where it is
	case notRaw:
	}
	n := len(buf)
	var more []byte
	err = contained(func() error {
		more, err = c.codec.Append(buf[n:], *v) // it never sees what is before
		return err
	})
	switch {
	case err != nil:
		return buf, encodingError[T]("encode", err)
	case len(more) > mostPayload:
		return buf, tooLarge[T](len(more))
	}
	if len(more) > 0 && cap(buf) > n && &buf[:n+1][n] == &more[0] { // there was room
		return buf[:n+len(more)], nil
	}
	return append(buf, more...), nil
}

func tooLarge[T any](size int) error {
	return encodingError[T]("encode", fmt.Errorf("%d bytes are more than the %d that may travel", size, mostPayload))
}

// decode makes a value of what came; owned says that data may be kept.
func (c coder[T]) decode(data []byte, owned bool) (v T, err error) {
	switch c.raw {
	case rawString:
		*any(&v).(*string) = string(data)
		return v, nil
	case rawBytes:
		if !owned {
			data = bytes.Clone(data)
		}
		*any(&v).(*[]byte) = data
		return v, nil
	case notRaw:
	}
	if err = contained(func() error { return c.codec.Decode(data, &v) }); err != nil {
		return v, encodingError[T]("decode", err)
	}
	return v, nil
}

func encodingError[T any](what string, err error) error {
	return &Error{Kind: BadEncoding, Text: fmt.Sprintf("%s %v: %v", what, reflect.TypeFor[T](), err), Err: err}
}

// contained returns the panic of a codec of the user's as an error.
func contained(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return f()
}

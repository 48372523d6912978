package process

import (
	"encoding"
	"fmt"
	"reflect" //nolint:depguard // what a type is made of is the question here

	"github.com/fxamacker/cbor/v2"
)

// checkType says why values of T can't travel by CBOR, or would lose something
// on their way: which type it is, and which field of it.
func checkType[T any](role string, codec Codec) error {
	if _, ours := codec.(cborCodec); !ours {
		return nil // the codec says what it can't do
	}
	t := reflect.TypeFor[T]()
	if why := obstacle(t, "", map[reflect.Type]bool{}); why != "" {
		return &Error{Kind: BadEncoding, Text: fmt.Sprintf("the %s is a %v, %s: see process.Definition.Codec", role, t, why)}
	}
	return nil
}

var marshalers = [][2]reflect.Type{
	{reflect.TypeFor[cbor.Marshaler](), reflect.TypeFor[cbor.Unmarshaler]()},
	{reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler]()},
}

// obstacle walks a type and says what in it can't travel; "" is nothing.
func obstacle(t reflect.Type, path string, seen map[reflect.Type]bool) string {
	if seen[t] {
		return ""
	}
	seen[t] = true
	for _, m := range marshalers {
		if (t.Implements(m[0]) || reflect.PointerTo(t).Implements(m[0])) && reflect.PointerTo(t).Implements(m[1]) {
			return ""
		}
	}
	what := "which"
	if path != "" {
		what = "whose field " + path
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128, reflect.Uintptr:
		return fmt.Sprintf("%s is a %v and can't be encoded", what, t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Sprintf("%s is the interface %v and can't be decoded", what, t)
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return obstacle(t.Elem(), path+map[bool]string{true: "[]"}[t.Kind() != reflect.Pointer], seen)
	case reflect.Map:
		if why := obstacle(t.Key(), path+"[key]", seen); why != "" {
			return why
		}
		return obstacle(t.Elem(), path+"[]", seen)
	case reflect.Struct:
		return fieldObstacle(t, path, seen)
	default: // a number, a string
	}
	return ""
}

func fieldObstacle(t reflect.Type, path string, seen map[reflect.Type]bool) string {
	for field := range t.Fields() {
		name := field.Name
		if path != "" {
			name = path + "." + name
		}
		if field.Tag.Get("cbor") == "-" || field.Tag.Get("cbor") == "" && field.Tag.Get("json") == "-" {
			continue
		}
		embedded := field.Anonymous && field.Type.Kind() == reflect.Struct
		if !field.IsExported() && !embedded {
			return fmt.Sprintf("whose field %s is not exported and would be lost (a tag `cbor:\"-\"` says that it may be)", name)
		}
		if why := obstacle(field.Type, name, seen); why != "" {
			return why
		}
	}
	return ""
}

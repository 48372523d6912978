package laws

import (
	"context"
	"strconv"

	"github.com/vimap-go/vimap"
)

// texts begins the chain with texts, whose lines are the items: strings, or bytes.
func (p *Program) texts() vimap.Pipeline[int, int] {
	if p.n%2 == 0 {
		return textsOf(p, func(text []byte) string { return string(text) })
	}
	return textsOf(p, func(text []byte) []byte { return text })
}

func textsOf[Line []byte | string](p *Program, own func([]byte) Line) vimap.Pipeline[int, int] {
	raw := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[Line]) error {
		out.Places(place)
		return p.gather(ctx, func(some []int) bool { return vimap.EmitText(out, own(p.textOf(some))) })
	})
	return vimap.Decode(raw, func(line Line) (int, error) {
		defer p.enter("the decoder")()
		return strconv.Atoi(string(line))
	})
}

// textOf writes items as lines. What ends them differs, and the last may have no
// end.
func (p *Program) textOf(items []int) (text []byte) {
	for i, v := range items {
		text = strconv.AppendInt(text, int64(v), 10)
		switch {
		case i == len(items)-1 && v%3 == 0:
		case v%2 == 0:
			text = append(text, '\r', '\n')
		default:
			text = append(text, '\n')
		}
	}
	return text
}

package vimap

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"time"
)

// MarshalJSON writes the stats for programs: names in lower case, which stay as
// they are, durations as numbers of seconds under names that end in _seconds,
// errors as texts. What workers were configured with and what they have in hand
// is left out, since it may be anything. It holds for encoding/json and for its
// v2, and for the stats as a whole: v1 writes a part of them in nanoseconds, v2
// refuses.
func (s Stats) MarshalJSON() ([]byte, error) {
	type plain Stats
	return json.Marshal(struct {
		plain
		StuckCalls []string `json:"stuck_calls"`
		Lost       []string `json:"lost"`
	}{plain(s), texts(s.StuckCalls), texts(s.Lost)}, json.WithMarshalers(inSeconds))
}

var inSeconds = json.MarshalToFunc(func(out *jsontext.Encoder, d time.Duration) error {
	return out.WriteToken(jsontext.Float(d.Seconds()))
})

func texts(errs []error) []string {
	texts := make([]string, 0, len(errs))
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return texts
}

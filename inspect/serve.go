package inspect

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"time"
)

//go:embed page.html
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"grouped": grouped, "rate": rate, "short": short, "count": count, "level": level,
	"percent": func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) },
	"scaled":  func(share float64, width int) int { return int(math.Round(share * float64(width))) },
	"clock":   func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
}).ParseFS(files, "page.html"))

// ServeHTTP answers GET and HEAD with the page. Its parameters are run, the
// number of a run, and format: "json" for the figures, "fragment" for the part
// of the page that is renewed.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	nonce := rand.Text()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	query := r.URL.Query()
	id := 0
	if text := query.Get("run"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			http.Error(w, "run must be the number of a run", http.StatusBadRequest)
			return
		}
		id = n
	}
	v := p.view(id)
	v.nonce = nonce
	var body bytes.Buffer
	var err error
	switch format := query.Get("format"); format {
	case "", "html":
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = pages.ExecuteTemplate(&body, "page", v)
	case "fragment":
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = pages.ExecuteTemplate(&body, "fragment", v)
	case "json":
		h.Set("Content-Type", "application/json")
		err = json.NewEncoder(&body).Encode(v)
	default:
		http.Error(w, "format must be html or json", http.StatusBadRequest)
		return
	}
	if err != nil {
		http.Error(w, "the page could not be made: "+p.line(err.Error()), http.StatusInternalServerError)
		return
	}
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	if v.Missing {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write(body.Bytes()) // the one who asked may be gone
}

// grouped prints a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := len(s) % 3
	var b bytes.Buffer
	for i, digit := range s {
		if i > 0 && i%3 == first && s[i-1] != '-' {
			b.WriteString("\u202f")
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// rate prints a rate with about three digits.
func rate(perSecond float64) string {
	switch {
	case perSecond >= 100:
		return grouped(int64(math.Round(perSecond)))
	case perSecond >= 10:
		return fmt.Sprintf("%.1f", perSecond)
	}
	return fmt.Sprintf("%.2g", perSecond)
}

// short rounds a duration to three digits.
func short(s seconds) string {
	d := time.Duration(s)
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	if d >= 10*time.Second {
		unit = max(unit, time.Second)
	}
	return d.Round(unit).String()
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

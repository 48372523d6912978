// Package chart draws what columns cost, for those who look before they read.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vimap-go/vimap/bench/internal/harness"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	across      = 2
	panelWidth  = vg.Length(430)
	barDistance = vg.Length(17)
	barWidth    = vg.Length(11)
	headHeight  = vg.Length(40)
	labelWidth  = 0.2 // of the longest bar, for the figure behind it
)

// Colours that can be read on white and on black, for there is no background.
var (
	ink   = color.RGBA{R: 0x77, G: 0x7b, B: 0x80, A: 0xff}
	plain = color.RGBA{R: 0x9a, G: 0xa4, B: 0xae, A: 0xff}
	ours  = color.RGBA{R: 0x21, G: 0x7d, B: 0xe0, A: 0xff}
)

// Write writes an SVG picture with a panel for each result, and in it a bar as
// long as the time for an item for each column. The columns whose names begin
// with "vimap" stand out.
func Write(out io.Writer, results []harness.Result) error {
	if len(results) == 0 {
		return errors.New("chart: there is nothing to draw")
	}
	rows := slices.Collect(slices.Chunk(results, across))
	var height vg.Length
	for _, row := range rows {
		height += rowHeight(row)
	}
	picture := vgsvg.New(across*panelWidth, height)
	canvas, top := draw.New(picture), height
	for _, row := range rows {
		bottom := top - rowHeight(row)
		if err := drawRow(draw.Crop(canvas, 0, 0, bottom, top-height), row); err != nil {
			return err
		}
		top = bottom
	}
	var svg bytes.Buffer
	if _, err := picture.WriteTo(&svg); err != nil {
		return err
	}
	// Few have the font that texts were measured with; these are as wide.
	_, err := io.WriteString(out, strings.ReplaceAll(svg.String(),
		"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return err
}

func rowHeight(row []harness.Result) vg.Length {
	return vg.Length(bars(row))*barDistance + headHeight
}

// bars is how many bars each panel of a row has room for.
func bars(row []harness.Result) (most int) {
	for i := range row {
		most = max(most, len(row[i].Columns))
	}
	return most
}

func drawRow(canvas draw.Canvas, row []harness.Result) error {
	panels := make([]*plot.Plot, across)
	for i := range row {
		var err error
		if panels[i], err = panel(row[i], bars(row)); err != nil {
			return fmt.Errorf("chart: %s: %w", row[i].Workload.Name, err)
		}
	}
	tiles := draw.Tiles{Rows: 1, Cols: across, PadX: 16, PadTop: 6, PadBottom: 6, PadLeft: 4, PadRight: 4}
	for i, canvas := range plot.Align([][]*plot.Plot{panels}, tiles, canvas)[0] {
		if panels[i] != nil {
			panels[i].Draw(canvas)
		}
	}
	return nil
}

// panel is that of one result, with its bars at the top of the room there is.
func panel(r harness.Result, room int) (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = r.Workload.Name + ": " + r.Workload.About
	p.Title.TextStyle = style(9, draw.XCenter)
	p.Title.TextStyle.YAlign = draw.YTop
	p.Title.Padding = 6
	p.HideX()

	names := slices.Clone(r.Columns)
	slices.Reverse(names) // the first is to be on top
	longest := 0.0
	labels := plotter.XYLabels{}
	for i, name := range names {
		wall, ok := r.Spread(harness.WallPer(name, time.Nanosecond))
		if !ok {
			continue
		}
		bar, err := plotter.NewBarChart(plotter.Values{wall.Median}, barWidth)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin = true, float64(i)
		bar.LineStyle.Width = 0
		bar.Color = plain
		if strings.HasPrefix(name, "vimap") {
			bar.Color = ours
		}
		p.Add(bar)
		longest = max(longest, wall.Median)
		labels.XYs = append(labels.XYs, plotter.XY{X: wall.Median, Y: float64(i)})
		labels.Labels = append(labels.Labels, wall.String()+" ns")
	}
	figures, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, err
	}
	for i := range figures.TextStyle {
		figures.TextStyle[i] = style(9, draw.XLeft)
		figures.TextStyle[i].YAlign = draw.YCenter
	}
	figures.Offset = vg.Point{X: 4, Y: 1}
	p.Add(figures)

	p.NominalY(names...)
	p.Y.Width = 0
	p.Y.Tick.Label = style(9, draw.XRight)
	p.Y.Tick.Label.YAlign = draw.YCenter
	p.Y.Tick.Length = 0
	p.X.Min, p.X.Max = 0, longest*(1+labelWidth)
	p.Y.Min, p.Y.Max = float64(len(names)-room)-0.6, float64(len(names))-0.4
	return p, nil
}

func style(size vg.Length, align draw.XAlignment) draw.TextStyle {
	return draw.TextStyle{
		Color:   ink,
		Font:    font.From(font.Font{Typeface: plot.DefaultFont.Typeface, Variant: "Sans"}, size),
		XAlign:  align,
		Handler: text.Plain{Fonts: font.DefaultCache},
	}
}

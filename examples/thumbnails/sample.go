package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
)

// makeImages fills a folder with images, of sizes that differ.
func makeImages(folder string, n int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 400+7*i%600, 300+11*i%400))
		size := img.Bounds().Size()
		for y := range size.Y {
			for x := range size.X {
				img.SetRGBA(x, y, color.RGBA{uint8(255 * x / size.X), uint8(255 * y / size.Y), uint8(i), 255})
			}
		}
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%03d.png", i)))
		if err != nil {
			return err
		}
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(file, img); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

package sinks

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
)

// A packer packs what is written to it.
type packer struct {
	io.WriteCloser
	release func() // ends what it has running, also after an error
}

// packers makes the packer for files with a suffix.
var packers = map[string]func(w io.Writer) (packer, error){
	".gz": func(w io.Writer) (packer, error) {
		gz := pgzip.NewWriter(w)
		// Close comes back at once after a failed write.
		return packer{gz, func() { gz.Reset(io.Discard) }}, nil
	},
	".zst": func(w io.Writer) (packer, error) {
		// Without zero frames, nothing packed would be an empty file, which the
		// zstd command takes for a damaged one.
		zst, err := zstd.NewWriter(w, zstd.WithZeroFrames(true))
		return packer{zst, func() { zst.Reset(nil) }}, err
	},
	".xz":  noPacker,
	".bz2": noPacker,
}

func noPacker(io.Writer) (packer, error) {
	return packer{}, errors.New("such archives are read but not written: choose .gz or .zst")
}

// pack makes of out what packs by the suffix of path.
func pack(out output, path string) (output, error) {
	newPacker, known := packers[strings.ToLower(filepath.Ext(path))]
	if !known {
		return out, nil
	}
	p, err := newPacker(out)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), out.discard())
	}
	return &packed{packer: p, out: out}, nil
}

// packed is an output behind a packer.
type packed struct {
	packer packer
	out    output
	ended  bool
}

func (p *packed) Write(b []byte) (int, error) { return p.packer.Write(b) }

func (p *packed) keep() error {
	err := p.end()
	if err != nil {
		return err
	}
	return p.out.keep()
}

func (p *packed) discard() error {
	_ = p.end() // the file goes away, or has failed already
	return p.out.discard()
}

// end writes what the packer still has.
func (p *packed) end() error {
	if p.ended {
		return nil
	}
	p.ended = true
	err := p.packer.Close()
	p.packer.release()
	return err
}

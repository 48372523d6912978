package sources_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/therootcompany/xz"
	"github.com/vimap-go/vimap/internal/heap"
	"github.com/vimap-go/vimap/internal/rerun"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

// readings are the ways to read an archive.
func readings(t *testing.T, text sources.Text, archive []byte) map[string]vimap.Pipeline[string, string] {
	t.Helper()
	return map[string]vimap.Pipeline[string, string]{
		"file":                         text.Lines(file(t, "name.txt", string(archive))),
		"reader":                       text.Reader(bytes.NewReader(archive)),
		"reader of single bytes":       text.Reader(iotest.OneByteReader(bytes.NewReader(archive))),
		"reader with EOF beside bytes": text.Reader(iotest.DataErrReader(bytes.NewReader(archive))),
	}
}

func TestAPackedFileIsReadAsItsText(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 12)
			quiet(t)
			for _, text := range []string{"", nasty, many} {
				for kind, lines := range readings(t, sources.Text{}, pack(text)) {
					got, err := collect(t, lines)
					require.NoError(t, err, kind)
					require.Equal(t, split([]byte(text)), got, kind)
				}
			}
		})
	}
}

func TestArchivesOneBehindAnotherAreReadAsOne(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			archives := slices.Concat(pack(nasty), pack(""), pack(nasty))
			for kind, lines := range readings(t, sources.Text{}, archives) {
				got, err := collect(t, lines)
				require.NoError(t, err, kind)
				require.Equal(t, split([]byte(nasty+nasty)), got, kind)
			}
		})
	}
}

func TestWhatDoesNotBeginAsAnArchiveIsText(t *testing.T) {
	for name, text := range map[string]string{
		"two bytes of gzip":            "\x1f\x8b",
		"gzip of an unknown kind":      "\x1f\x8b\x07\n",
		"three bytes of zstd":          "\x28\xb5\x2f",
		"a skippable frame, cut short": "P*M",
		"bzip2 without a level":        "BZh0\x31AY&SY",
		"bzip2 without a block":        "BZh9 is what such files begin with\n",
		"the first letter of bzip2":    "B\n",
		"an xz, but for its last byte": "\xfd7zXZ\n",
		"an archive behind a newline":  "\n\x1f\x8b\x08",
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			for kind, lines := range readings(t, sources.Text{}, []byte(text)) {
				got, err := collect(t, lines)
				require.NoError(t, err, kind)
				require.Equal(t, split([]byte(text)), got, kind)
			}
		})
	}
}

func TestARawArchiveIsReadAsTheTextItLooksLike(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			archive := pack(nasty)
			for kind, lines := range readings(t, sources.Text{Raw: true}, archive) {
				got, err := collect(t, lines)
				require.NoError(t, err, kind)
				require.Equal(t, split(archive), got, kind)
			}
		})
	}
}

func TestAnArchiveThatIsCutShortAnywhereIsAnError(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			text := small
			// The second archive lacks nothing, or up to all of its bytes.
			first, second := pack(text), pack(text)
			magic := 10 // what is shorter is text, or has no second archive
			for n := range second {
				if n >= magic {
					got, err := collect(t, sources.Reader(bytes.NewReader(second[:n])))
					isPrefix(t, split([]byte(text)), got)
					require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d of %d bytes", n, len(second))
					require.ErrorContains(t, err, "unpack "+name)
				}
				if n > 0 {
					got, err := collect(t, sources.Reader(bytes.NewReader(append(bytes.Clone(first), second[:n]...))))
					isPrefix(t, split([]byte(text+text)), got)
					require.GreaterOrEqual(t, len(got), len(split([]byte(text)))-1)
					require.Error(t, err, "%d of %d bytes", n, len(second))
				}
			}
		})
	}
}

func isPrefix(t *testing.T, all, some []string) {
	t.Helper()
	require.LessOrEqual(t, len(some), len(all))
	require.Equal(t, all[:len(some)], append([]string{}, some...))
}

func TestATruncatedArchiveGivesItsWholeLinesAndThenItsPlace(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			text := numbered(3000, 100)
			if name == "bzip2" || name == "xz" {
				text = many // of many blocks, the last of which lacks its end
			}
			archive := pack(text)
			path := file(t, "lines", string(archive[:len(archive)-20]))
			var got []string
			run := sources.Lines(path).Ordered().Start(t.Context())
			for _, line := range run.Zip() {
				got = append(got, line)
			}
			isPrefix(t, split([]byte(text)), got)
			var own *vimap.SourceError
			require.ErrorAs(t, run.Err(), &own)
			require.ErrorIs(t, run.Err(), io.ErrUnexpectedEOF)
			require.NotEmpty(t, got)
			require.ErrorContains(t, run.Err(), place(path, len(got)+1)+": unpack "+name)
		})
	}
}

func TestADamagedArchiveIsAnError(t *testing.T) {
	rerun.Share(t, 4)
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			archive := pack(nasty)
			archive[len(archive)/2] ^= 0x55
			for kind, lines := range readings(t, sources.Text{}, archive) {
				_, err := collect(t, lines)
				require.ErrorContains(t, err, "unpack "+name, kind)
			}
		})
	}
}

func TestWhatStandsBehindAnArchiveIsAnErrorAfterItsLines(t *testing.T) {
	for name, pack := range packs {
		for _, behind := range []string{"garbage", "\x00\x00\x00\x00garbage", "\n"} {
			t.Run(name+" and "+behind, func(t *testing.T) {
				rerun.Share(t, 4)
				quiet(t)
				for kind, lines := range readings(t, sources.Text{}, append(pack(nasty), behind...)) {
					got, err := collect(t, lines)
					require.ErrorContains(t, err, "unpack "+name, kind)
					whole := split([]byte(nasty))
					require.Equal(t, whole[:len(whole)-1], got, kind) // the last has no end
				}
			})
		}
	}
}

func TestAMemberOfGzipBehindZerosIsAnError(t *testing.T) {
	quiet(t)
	archive := packs["gzip"]("a\n")
	got, err := collect(t, sources.Reader(bytes.NewReader(slices.Concat(archive, make([]byte, 4), archive))))
	require.ErrorContains(t, err, "reader:2: unpack gzip: there is something behind the end")
	require.Equal(t, []string{"a"}, got)
}

func TestAnArchiveThatIsNoRegularFileIsNotReadAhead(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			archive := pack(nasty)
			for range 50 {
				ended := callback(func() { t.Error("was read to its end for its first line") })
				run := sources.Reader(io.MultiReader(bytes.NewReader(archive), ended)).InFlight(1).Start(t.Context())
				for range run.Zip() {
					for range 100 {
						runtime.Gosched() // to whoever would read ahead
					}
					break
				}
				require.NoError(t, run.Err())
			}
		})
	}
}

func TestZerosBehindAnArchiveFillUpABlock(t *testing.T) {
	for _, name := range []string{"gzip", "xz"} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			for kind, lines := range readings(t, sources.Text{}, append(packs[name](nasty), make([]byte, 512)...)) {
				got, err := collect(t, lines)
				require.NoError(t, err, kind)
				require.Equal(t, split([]byte(nasty)), got, kind)
			}
		})
	}
}

func TestAnArchiveThatUnpacksToMoreThanTheLimitIsRefusedWithItsPlace(t *testing.T) {
	rerun.Once(t)
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			archive := pack(many)
			got, err := collect(t, sources.Text{MaxUnpacked: int64(len(many))}.Reader(bytes.NewReader(archive)))
			require.NoError(t, err)
			require.Len(t, got, 40_000)
			for _, limit := range []int{1, 61*10_000 - 1, 61 * 10_000, len(many) - 1} {
				got, err := collect(t, sources.Text{MaxUnpacked: int64(limit)}.Lines(file(t, "many", string(archive))))
				require.ErrorIs(t, err, sources.ErrUnpackedTooLarge)
				require.Len(t, got, limit/61)
				require.ErrorContains(t, err, place("/many", limit/61+1)+fmt.Sprintf(": too large when unpacked: more than %d bytes", limit))
			}
		})
	}
}

func TestTheLimitHoldsForEachFileAndForArchivesAlone(t *testing.T) {
	quiet(t)
	text := "one\ntwo\n"
	gz := file(t, "one.gz", string(packs["gzip"](text)))
	got, err := collect(t, sources.Text{MaxUnpacked: int64(len(text))}.Lines(gz, gz, file(t, "plain", text+text)))
	require.NoError(t, err)
	require.Equal(t, split([]byte(strings.Repeat(text, 4))), got)
}

// A flusher packs a stream so that what was written can be unpacked.
type flusher interface {
	io.WriteCloser
	Flush() error
}

func TestPackedLinesThatTrickleInAreNotHeldBack(t *testing.T) {
	for name, packer := range map[string]func(io.Writer) flusher{
		"gzip": func(w io.Writer) flusher { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) flusher {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			require.NoError(t, err)
			return z
		},
		"members of gzip": func(w io.Writer) flusher { return &each{w: w} },
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				var got []string
				run := sources.Reader(r).Start(t.Context())
				go func() {
					for _, line := range run.Zip() {
						got = append(got, line)
					}
				}()
				packer := packer(w)
				for i := range 5 {
					_, err := io.WriteString(packer, "line\n")
					require.NoError(t, err)
					require.NoError(t, packer.Flush())
					synctest.Wait()
					require.Len(t, got, i+1)
				}
				require.NoError(t, packer.Close())
				require.NoError(t, w.Close())
				synctest.Wait()
				require.NoError(t, run.Err())
			})
		})
	}
}

// each makes a gzip archive of each write.
type each struct{ w io.Writer }

func (e *each) Write(p []byte) (int, error) {
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	if _, err := z.Write(p); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	_, err := e.w.Write(archive.Bytes())
	return len(p), err
}

func (e *each) Flush() error { return nil }
func (e *each) Close() error { return nil }

func TestTheFirstBytesDoNotHoldALineBack(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		var got []string
		run := sources.Reader(r).Start(t.Context())
		go func() {
			for _, line := range run.Zip() {
				got = append(got, line)
			}
		}()
		for _, part := range []string{"B", "Z", "h", "9", "\n"} {
			require.Empty(t, got)
			_, err := io.WriteString(w, part)
			require.NoError(t, err)
			synctest.Wait()
		}
		require.Equal(t, []string{"BZh9"}, got)
		require.NoError(t, w.Close())
		synctest.Wait()
		require.NoError(t, run.Err())
	})
}

func TestARunOverAnArchiveThatIsLeftEarlyLeavesNothingBehind(t *testing.T) {
	for name, pack := range packs {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			archive := pack(many)
			path := file(t, "many", string(bytes.Repeat(archive, 3)))
			quiet(t)
			for range 10 {
				require.Len(t, take(t, 3, sources.Lines(path, path)), 3)
				require.Len(t, take(t, 3, sources.Reader(&counter{text: string(archive)})), 3)
			}
		})
	}
}

func TestTheEndOfTheContextInterruptsAReadOfAnArchive(t *testing.T) {
	for _, name := range []string{"gzip", "zstd", "xz"} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 4)
			quiet(t)
			archive := packs[name](many)
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer closing(here)
				defer closing(there)
				errEnough := errors.New("enough")
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errEnough)
				defer cancel()
				go func() { _, _ = there.Write(archive[:len(archive)-1]) }()
				start := time.Now()
				run := sources.Reader(here).Start(ctx)
				for range run.Zip() {
				}
				require.ErrorIs(t, run.Err(), errEnough)
				require.Equal(t, time.Minute, time.Since(start))
			})
		})
	}
}

func TestAnArchiveOfNothingForEverIsInterrupted(t *testing.T) {
	quiet(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	empty := &counter{text: string(packs["gzip"](""))}
	run := sources.Reader(io.MultiReader(bytes.NewReader(packs["gzip"]("a\n")), empty)).Start(ctx)
	for range run.Zip() {
		cancel()
	}
	require.ErrorIs(t, run.Err(), context.Canceled)
}

func TestAnArchiveThatAsksForMuchMemoryIsRefused(t *testing.T) {
	quiet(t)
	path := filepath.Join(testdata, "4GB.xz")
	before := heap.InUse()
	_, err := collect(t, sources.Lines(path))
	require.ErrorContains(t, err, place(path, 1)+": unpack xz: ")
	require.ErrorIs(t, err, xz.ErrMemlimit)
	require.Less(t, heap.InUse()-before, int64(10<<20))

	// A frame whose header says that its window has 256 MB.
	_, err = collect(t, sources.Reader(strings.NewReader("\x28\xb5\x2f\xfd\x00\x90\x09\x00\x00a")))
	require.ErrorIs(t, err, zstd.ErrWindowSizeExceeded)
}

func TestPackedStandardInputIsUnpacked(t *testing.T) {
	quiet(t)
	path := file(t, "in", string(packs["zstd"]("a\nb\n")))
	standardInput(t, path)
	got, err := collect(t, sources.Lines())
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, got)
}

func TestTheErrorOfAReadOfAnArchiveIsKept(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	archive := packs["gzip"](many)
	errDisk := errors.New("disk on fire")
	_, err := collect(t, sources.Reader(io.MultiReader(bytes.NewReader(archive[:len(archive)/2]), iotest.ErrReader(errDisk))))
	require.ErrorIs(t, err, errDisk)
	_, err = collect(t, sources.Lines(t.TempDir()))
	require.Error(t, err)
}

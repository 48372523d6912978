// Package sources holds the beginnings of a chain: where the items of a
// [vimap.Pipeline] come from.
//
//	sent, err := sources.Lines("requests.jsonl").
//		Try(parse).
//		Via(send).
//		To(ctx, sinks.Ignore)
//
// # Which source
//
//	source                   items
//	Slice(items)             the elements of a slice
//	Seq(items)               what an iterator yields
//	Seq2(items)              the same, of an iterator that can fail
//	Chan(ch)                 what is received from a channel until it is closed
//	Lines(paths...)          the lines of files, plain or packed, or of standard input
//	Reader(r)                the lines of any io.Reader
//	Bytes(paths...)          the same, lent to the steps that make items of them
//	JSONLines[T](paths...)   the lines of files, decoded from JSON
//	JSONArray[T](paths...)   the elements of JSON arrays in files
//	CSV[T](paths...)         the rows of tables in files, decoded by their header
//	Rows[T](db, query, …)    the rows of a query of a database
//	Follow(path)             the lines that are appended to a file, for ever
//	Files(patterns...)       the paths of files, ** included
//	Walk(fsys, patterns...)  the same in an fs.FS
//	Concat(first, rest...)   the outputs of several pipelines, one after another
//	Merge(first, rest...)    the same, all at once, as they come
//
// [Text] holds the options of the sources that read text, [Table] those of CSV.
// Files that are packed by gzip, zstd, bzip2 or xz are unpacked, see [Lines].
// [Text] holds the options of the sources that read text, [Tail] those of Follow.
//
// # What holds for all of them
//
// Building a source opens, reads and starts nothing; the run does. Nothing is
// read before the run has room for it, and nothing after the run has ended.
// Each run begins anew; only Chan, Reader, standard input and an iterator that
// can be ranged over once are used up by the first.
//
// The items of a run are numbered in the order in which a source emits them;
// [vimap.Pipeline.Ordered] delivers in this order.
//
// An error of a source ends the run, after the items that came before it, and
// is what To and Err return, as a [vimap.SourceError]. A missing file is an
// error and never an empty stream.
//
// When the run ends early (its context ended, it was stopped, its loop was
// left), a source that waits for a channel ends at once, and so does one that
// reads from something with a SetReadDeadline method, such as a network
// connection or a named pipe. Another read, or an iterator, that blocks cannot
// be interrupted: the run gives it up after a grace time.
//
// # Sources of your own
//
// [vimap.From] makes a source of an iterator that needs the run's context,
// [vimap.Emit] of a function that pushes its items:
//
//	rows := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[Row]) error {
//		rows, err := db.QueryContext(ctx, "SELECT …")
//		if err != nil {
//			return err
//		}
//		defer rows.Close()
//		for rows.Next() {
//			var row Row
//			if err := rows.Scan(&row.ID, &row.Name); err != nil {
//				return err
//			}
//			if !out.One(row) {
//				return nil
//			}
//		}
//		return rows.Err()
//	})
package sources

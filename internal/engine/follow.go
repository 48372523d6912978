package engine

import "context"

// Follower is told of a run, a *vimap.Run, that begins, with the context that it
// was given. It returns what is to be called when nothing of the run is left:
// with whether the loop over it was left early, and its error.
type Follower func(ctx context.Context, run any) (over func(left bool, err error))

type followerKey struct{}

// Followed returns a context whose runs f is told of. Those that work in such a
// run begins by its own context are no business of f.
func Followed(ctx context.Context, f Follower) context.Context {
	return context.WithValue(ctx, followerKey{}, f)
}

// FollowerOf returns who is told of the runs of ctx; nil: nobody.
func FollowerOf(ctx context.Context) Follower {
	f, _ := ctx.Value(followerKey{}).(Follower)
	return f
}

// Unfollowed returns ctx for the work in a run.
func Unfollowed(ctx context.Context) context.Context {
	if FollowerOf(ctx) == nil {
		return ctx
	}
	return Followed(ctx, nil)
}

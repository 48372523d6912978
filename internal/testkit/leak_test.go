package testkit

import "testing"

func TestTheLeakCheckSeesAGoroutineThatIsLeft(t *testing.T) {
	before := Ours()
	release, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		<-release
	}()
	if leftAfter(20, before) == "" {
		t.Error("a goroutine of this package was not seen")
	}
	close(release)
	<-done
	if left := LeftSince(before); left != "" {
		t.Errorf("a goroutine that ended was seen:\n%s", left)
	}
}

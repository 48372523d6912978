package main

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
)

func TestTheScriptAnswersEveryRequest(t *testing.T) {
	rerun.Share(t, 4)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `"all is well that ends well" has 6 words, the longest is "well"
"" has 0 words, the longest is ""
"to be or not to be" has 6 words, the longest is "not"
`, out.String())
}

// spans: calls functions with contexts that know a span, or none, and on goroutines with pprof
// labels; prints what each call was given, in the words of the script that looks at the same calls
// (tests/e2e/kept.sh).
package main

import (
	"context"
	"fmt"
	"runtime/pprof"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

var sink int

//go:noinline
func Spanned(n int, ctx context.Context, traceID, spanID string) error {
	fmt.Printf("Spanned %d %s %s\n", n, traceID, spanID)
	if ctx.Err() != nil {
		sink++
	}
	return ctx.Err()
}

//go:noinline
func Labelled(n int, endpoint, user string) {
	fmt.Printf("Labelled %d %s %s\n", n, endpoint, user)
}

type own struct{ context.Context }

func main() {
	var id trace.TraceID
	var span trace.SpanID
	for i := range id {
		id[i] = byte(17*i + 3)
	}
	for i := range span {
		span[i] = byte(255 - 29*i)
	}
	sc := trace.NewSpanContext(id, span)
	hexTrace, hexSpan := fmt.Sprintf("%x", id), fmt.Sprintf("%x", span)
	background := context.Background()
	Spanned(1, background, "", "")
	remote := trace.ContextWithRemote(background, sc)
	Spanned(2, remote, hexTrace, hexSpan)
	recording := trace.ContextWithSpan(background, sdk.Start("x", sc))
	Spanned(3, recording, hexTrace, hexSpan)
	cancelled, cancel := context.WithCancel(recording)
	timed, stop := context.WithTimeout(cancelled, time.Hour)
	type key struct{}
	Spanned(4, context.WithValue(timed, key{}, 5), hexTrace, hexSpan)
	Spanned(5, context.WithValue(background, key{}, 5), "", "")
	Spanned(6, own{recording}, "<context of an unknown type>", "<context of an unknown type>")
	stop()
	cancel()

	Labelled(1, "", "")
	pprof.Do(background, pprof.Labels("endpoint", "/put", "user", "ann"), func(ctx context.Context) {
		Labelled(2, "/put", "ann")
		pprof.Do(ctx, pprof.Labels("user", "bob", "more", "x"), func(context.Context) {
			Labelled(3, "/put", "bob")
		})
	})
	pprof.Do(background, pprof.Labels("other", "", "user", ""), func(context.Context) {
		Labelled(4, "", "")
	})
	Labelled(5, "", "")
}

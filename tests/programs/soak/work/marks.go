package work

// MarkOn and MarkOff stand at the two ends of a batch, at rest: what a tracer counts between
// them is what the batch did. They are not counted themselves.
//
//go:noinline
func MarkOn() {}

//go:noinline
func MarkOff() {}

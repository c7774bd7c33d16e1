// Package ledger asks for balances.
package ledger

import (
	"context"
	"time"
)

// Client asks, and waits five seconds for an answer.
type Client struct {
	Latency map[string]time.Duration // of accounts that are slow
}

// Balance returns an account's balance.
func (c *Client) Balance(ctx context.Context, account string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return c.query(ctx, account)
}

func (c *Client) query(ctx context.Context, account string) (int64, error) {
	answer := time.NewTimer(c.Latency[account])
	defer answer.Stop()
	select {
	case <-answer.C:
		return 100, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

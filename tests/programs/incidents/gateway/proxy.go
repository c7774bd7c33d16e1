// Package gateway takes requests from outside and passes them on.
package gateway

import (
	"context"
	"time"

	"shop/ledger"
)

// Proxy passes requests on to the ledger.
type Proxy struct{ Ledger *ledger.Client }

// Forward passes one request on.
func (p *Proxy) Forward(ctx context.Context, account string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond) // DEADLINE
	defer cancel()
	return p.Ledger.Balance(ctx, account)
}

// Audit asks on its own behalf, without haste.
func (p *Proxy) Audit(account string) (int64, error) {
	return p.Ledger.Balance(context.Background(), account)
}

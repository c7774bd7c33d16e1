// Package catalog knows what is for sale.
package catalog

import "sync"

// Item is for sale.
type Item struct {
	SKU   string
	Cents int
}

// Index finds items.
type Index struct {
	mu    sync.RWMutex
	items map[string]*Item
}

// NewIndex returns an index of these.
func NewIndex(items ...*Item) *Index {
	index := &Index{items: map[string]*Item{}}
	for _, item := range items {
		index.items[item.SKU] = item
	}
	return index
}

// Find returns an item. An item that is not there is nil, and no error.
func (x *Index) Find(sku string) (*Item, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.items[sku], nil
}

// Quote adds up prices. What is nil costs nothing.
func (x *Index) Quote(skus []string) (int, error) {
	sum := 0
	for _, sku := range skus {
		item, err := x.Find(sku)
		if err != nil {
			return 0, err
		}
		if item != nil {
			sum += item.Cents
		}
	}
	return sum, nil
}

import { z } from 'zod';
import type { VexProduct } from '../../core/vulnerability.ts';
import { limits, Name } from './told.ts';
import { rangeOfText } from './version-text.ts';

/** A product of an advisory, by everything its tree says of it. */
export interface AdvisedProduct extends VexProduct {
  /** It names a range that could not be read. */
  readonly isRangeUnread: boolean;
  /** The product that it is part of, where a relationship says so. */
  readonly whole?: AdvisedProduct | undefined;
}

const Product = z.object({
  name: z.string().max(2_048),
  product_id: Name,
  product_identification_helper: z
    .object({ cpe: z.string().max(1_024).optional(), purl: z.string().max(2_048).optional() })
    .optional(),
});

const Branch = z.object({
  category: z.string().max(64),
  name: z.string().max(2_048),
  product: Product.optional(),
  get branches() {
    return z.array(Branch).max(limits.products).optional();
  },
});
type Branch = z.output<typeof Branch>;

export const ProductTree = z.object({
  branches: z.array(Branch).max(limits.products).default([]),
  full_product_names: z.array(Product).max(limits.products).default([]),
  relationships: z
    .array(
      z.object({
        product_reference: Name,
        relates_to_product_reference: Name,
        full_product_name: Product,
      }),
    )
    .max(limits.products)
    .default([]),
});

/** Where in the tree a product hangs. */
interface Place {
  readonly vendor?: string | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly rangeText?: string | undefined;
}

/** CSAF 2.0 3.2.2: each product by its id. */
export function productsOf(tree: z.output<typeof ProductTree>): Map<string, AdvisedProduct> {
  const products = new Map<string, AdvisedProduct>();
  const add = (product: z.output<typeof Product>, place: Place) => {
    if (products.size < limits.products) products.set(product.product_id, advised(product, place));
  };
  const walk = (branches: readonly Branch[], place: Place, depth: number) => {
    if (depth > limits.depth) return;
    for (const branch of branches) {
      const here = { ...place, ...placeOf(branch) };
      if (branch.product) add(branch.product, here);
      walk(branch.branches ?? [], here, depth + 1);
    }
  };
  walk(tree.branches, {}, 0);
  for (const product of tree.full_product_names) add(product, {});
  for (const relation of tree.relationships) {
    const [part, whole] = [
      products.get(relation.product_reference),
      products.get(relation.relates_to_product_reference),
    ];
    if (part && whole) products.set(relation.full_product_name.product_id, { ...part, whole });
  }
  return products;
}

function placeOf({ category, name }: Branch): Place {
  switch (category) {
    case 'vendor':
      return { vendor: name };
    case 'product_name':
      return { name };
    case 'product_version':
      // CISA writes “vers:all/*” here as well.
      return rangeOfText(name) ? { rangeText: name } : { version: name };
    case 'product_version_range':
      return { rangeText: name };
    default:
      return {};
  }
}

function advised(
  { name, product_identification_helper: helper }: z.output<typeof Product>,
  { rangeText, ...place }: Place,
): AdvisedProduct {
  const range = rangeText === undefined ? undefined : rangeOfText(rangeText);
  return {
    name,
    ...place,
    ...(helper?.cpe !== undefined && { cpe: helper.cpe }),
    ...(helper?.purl !== undefined && { purl: helper.purl }),
    ...(range && { range }),
    isRangeUnread: rangeText !== undefined && range === undefined,
  };
}
